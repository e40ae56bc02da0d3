/// IEEE single precision.
enum Float32Format: FloatFormat {
  static let elements = 1
  static let bytes = 4
  static func decode(_ blocks: UnsafeRawPointer, count: Int, into out: UnsafeMutablePointer<Float>) {
    for i in 0..<count {
      out[i] = Float(bitPattern: UInt32(littleEndian: blocks.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self)))
    }
  }
}

/// IEEE double precision, rounded to single.
enum Float64Format: FloatFormat {
  static let elements = 1
  static let bytes = 8
  static func decode(_ blocks: UnsafeRawPointer, count: Int, into out: UnsafeMutablePointer<Float>) {
    for i in 0..<count {
      let bits = UInt64(littleEndian: blocks.loadUnaligned(fromByteOffset: 8 * i, as: UInt64.self))
      out[i] = Float(Double(bitPattern: bits))
    }
  }
}

/// IEEE half precision.
enum Float16Format: FloatFormat {
  static let elements = 1
  static let bytes = 2
  static func decode(_ blocks: UnsafeRawPointer, count: Int, into out: UnsafeMutablePointer<Float>) {
    for i in 0..<count { out[i] = blocks.half(at: 2 * i) }
  }
}

/// The upper half of a single-precision number.
enum BFloat16Format: FloatFormat {
  static let elements = 1
  static let bytes = 2
  static func decode(_ blocks: UnsafeRawPointer, count: Int, into out: UnsafeMutablePointer<Float>) {
    for i in 0..<count {
      let bits = UInt16(littleEndian: blocks.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self))
      out[i] = Float(bitPattern: UInt32(bits) << 16)
    }
  }
}
