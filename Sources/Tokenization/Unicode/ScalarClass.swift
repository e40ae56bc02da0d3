/// What regular expressions and pre-tokenizers see in a Unicode scalar: its general category, split where they need more.
///
/// The classes are those of the Unicode versions that Hugging Face `tokenizers` is built with, not those of the running
/// system, so that a text has the same ids everywhere and for ever. Every scalar has exactly one.
enum ScalarClass: UInt8, CaseIterable {
  case Lu = 0
  case Ll, Lt, Lm, Lo, Mn, Mc, Me, Nd, Nl, No, Pc, Pd, Ps, Pe, Pi, Pf, Po, Sm, Sc, Sk, So, Zs, Zl, Zp, Cc, Cf, Cs, Co,
    Cn
  /// White space among the control characters (Cc): tab, newline and their like.
  case whiteControl
  /// A digit to `Digits` (Rust's `char::is_numeric`) that the regular expressions' older Unicode has not assigned (Cn).
  case lateNumber

  /// The class of every scalar as a raw value: a flat table, for it is read once a character.
  static let table: [UInt8] = {
    var table = [UInt8](repeating: ScalarClass.Cn.rawValue, count: 0x110000)
    let runs = ScalarClassRuns.runs
    table.withUnsafeMutableBufferPointer { table in
      for i in runs.indices {
        let end = i + 1 < runs.count ? Int(runs[i + 1] >> 5) : table.count
        table[Int(runs[i] >> 5)..<end].update(repeating: UInt8(runs[i] & 31))
      }
    }
    return table
  }()
}
