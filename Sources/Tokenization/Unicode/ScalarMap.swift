/// A small number for every Unicode scalar, zero for nearly all: pages of scalars, of which all the empty ones are one.
struct ScalarMap<Value: FixedWidthInteger & Sendable>: Sendable {
  private static var pageSize: UInt32 { 128 }
  /// The page of each stretch of scalars.
  private var pages = [UInt16](repeating: 0, count: 0x110000 / 128)
  private var values = [Value](repeating: 0, count: 128)

  subscript(scalar: UInt32) -> Value {
    @inline(__always) get {
      scalar < 0x110000 ? values[Int(pages[Int(scalar / Self.pageSize)]) * 128 + Int(scalar % Self.pageSize)] : 0
    }
    set {
      let page = Int(scalar / Self.pageSize)
      if pages[page] == 0 {
        pages[page] = UInt16(values.count / 128)
        values += repeatElement(0, count: 128)
      }
      values[Int(pages[page]) * 128 + Int(scalar % Self.pageSize)] = newValue
    }
  }
}
