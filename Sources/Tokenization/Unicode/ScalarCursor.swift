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
    return (scalar < 0x110000 ? classes[Int(scalar)] : ScalarClass.Cn.rawValue, next)
  }

  /// Where the run of scalars of some classes, from `position` on, ends.
  func run(from position: Int, of wanted: ScalarClasses) -> Int {
    var position = position
    while position < end {
      let (scalarClass, next) = scalar(at: position)
      guard wanted.contains(scalarClass) else { break }
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
