/// What a pre-tokenizer sees in a Unicode scalar.
///
/// The classes are those of the Unicode versions that Hugging Face `tokenizers` is built with, not those of the running
/// system, so that a text has the same ids everywhere and for ever.
enum ScalarClass: UInt8 {
  case other
  /// `\p{L}`
  case letter
  /// `\p{N}`
  case number
  /// `\s`
  case space
  /// A digit to `Digits` (Rust's `char::is_numeric`) that the regular expressions' older Unicode does not know.
  case lateNumber

  /// The class of every scalar as a raw value: a flat table, for it is read once a character.
  static let table: [UInt8] = {
    var table = [UInt8](repeating: ScalarClass.other.rawValue, count: 0x110000)
    func fill(_ ranges: [UInt32], _ scalarClass: ScalarClass) {
      for i in stride(from: 0, to: ranges.count, by: 2) {
        for scalar in ranges[i]...ranges[i + 1] { table[Int(scalar)] = scalarClass.rawValue }
      }
    }
    fill(ScalarClassRanges.letters, .letter)
    fill(ScalarClassRanges.numbers, .number)
    fill(ScalarClassRanges.spaces, .space)
    fill(ScalarClassRanges.lateNumbers, .lateNumber)
    return table
  }()
}

/// Walks over the scalars of valid UTF-8 and tells the class of each.
struct ScalarCursor {
  let bytes: UnsafeBufferPointer<UInt8>
  let classes: UnsafeBufferPointer<UInt8>
  let end: Int

  /// The class of the scalar at `position` and where the next one begins.
  @inline(__always)
  func scalar(at position: Int) -> (class: UInt8, next: Int) {
    var next = position
    let scalar = UTF8Text.next(in: bytes, &next)
    return (scalar < 0x110000 ? classes[Int(scalar)] : 0, next)
  }

  /// Where the run of scalars that satisfy `belongs`, from `position` on, ends.
  @inline(__always)
  func run(from position: Int, while belongs: (UInt8) -> Bool) -> Int {
    var position = position
    while position < end {
      let (scalarClass, next) = scalar(at: position)
      guard belongs(scalarClass) else { break }
      position = next
    }
    return position
  }
}

extension ScalarCursor {
  /// Calls `body` with a cursor over a part of a text.
  static func with<Result>(_ bytes: [UInt8], _ range: Range<Int>, _ body: (ScalarCursor) -> Result) -> Result {
    bytes.withUnsafeBufferPointer { bytes in
      ScalarClass.table.withUnsafeBufferPointer { classes in
        body(ScalarCursor(bytes: bytes, classes: classes, end: range.upperBound))
      }
    }
  }
}
