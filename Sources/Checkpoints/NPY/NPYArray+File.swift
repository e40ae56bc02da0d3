extension NPYArray {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// Reads a file.
  public init(reading path: String) throws(CheckpointError) {
    let file = try MappedFile(path)
    defer { withExtendedLifetime(file) {} }
    let bytes = file.bytes
    func need(_ count: Int, _ part: String) throws(CheckpointError) {
      guard bytes.count >= count else {
        throw .truncated(file: path, part: part, needed: UInt64(count), got: UInt64(bytes.count))
      }
    }
    try need(8, "the first eight bytes")
    guard bytes.prefix(6).elementsEqual(Self.magic) else {
      throw .malformed(file: path, place: "first six bytes", problem: "expected '\\x93NUMPY': this is no .npy file")
    }
    let version = bytes[6]
    guard version == 1 || version == 2 else {
      throw .unsupported(
        file: path, what: "version \(version) of the .npy format", remedy: "save the array again with numpy.save")
    }
    let start = version == 1 ? 10 : 12
    try need(start, "the length of the header")
    let length =
      version == 1
      ? Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
      : Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
    try need(start + length, "the header")
    var header = NPYHeader(Array(bytes[start..<start + length]), file: path)
    let (descriptor, shape) = try header.read()
    guard let count = shape.productReportingOverflow else {
      throw .malformed(file: path, place: "header", problem: "the shape \(shape) is too large")
    }
    let data = UnsafeRawBufferPointer(rebasing: bytes[(start + length)...])
    func values<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws(CheckpointError) -> [T] {
      let size = MemoryLayout<T>.size
      let (needed, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow, needed <= data.count else {
        throw .truncated(
          file: path, part: "the array of shape \(shape)", needed: overflow ? .max : UInt64(needed),
          got: UInt64(data.count))
      }
      guard needed == data.count else {
        throw .malformed(
          file: path, place: "end", problem: "\(data.count - needed) bytes follow the array of shape \(shape)")
      }
      return (0..<count).map { T(littleEndian: data.loadUnaligned(fromByteOffset: $0 * size, as: T.self)) }
    }
    self.shape = shape
    switch descriptor {
    case "<i8": elements = .int64(try values(Int64.self))
    case "<i4": elements = .int32(try values(Int32.self))
    case "<f4": elements = .float32(try values(UInt32.self).map { Float(bitPattern: $0) })
    case "<f8": elements = .float64(try values(UInt64.self).map { Double(bitPattern: $0) })
    default:
      throw .unsupported(
        file: path, what: "an array of type '\(descriptor)'", remedy: "save it as int64, int32, float32 or float64")
    }
  }

  /// Writes the file in one step, with the bytes that `numpy.save` would write.
  ///
  /// - Throws: ``CheckpointError``; an existing file is an error unless `overwrite` says otherwise.
  public func write(to path: String, overwrite: Bool = false) throws {
    let sizes = shape.count == 1 ? "\(shape[0])," : shape.map(String.init).joined(separator: ", ")
    var header = "{'descr': '\(elements.descriptor)', 'fortran_order': False, 'shape': (\(sizes)), }"
    // NumPy leaves room for the first size to grow to 21 digits (numpy/lib/format.py, GROWTH_AXIS_MAX_DIGITS).
    if let first = shape.first { header += String(repeating: " ", count: 21 - String(first).count) }
    let unpadded = 10 + header.utf8.count + 1
    header += String(repeating: " ", count: 64 - unpadded % 64) + "\n"
    try AtomicFile.write(to: path, overwrite: overwrite) { sink in
      try sink.write(Self.magic + [1, 0])
      var length = UInt16(header.utf8.count).littleEndian
      try withUnsafeBytes(of: &length) { try sink.write($0) }
      try sink.write(header)
      switch elements {
      case .int64(let values): try values.map(\.littleEndian).withUnsafeBytes { try sink.write($0) }
      case .int32(let values): try values.map(\.littleEndian).withUnsafeBytes { try sink.write($0) }
      case .float32(let values): try values.map(\.bitPattern.littleEndian).withUnsafeBytes { try sink.write($0) }
      case .float64(let values): try values.map(\.bitPattern.littleEndian).withUnsafeBytes { try sink.write($0) }
      }
    }
  }
}

/// The header of an `.npy` file: a Python dictionary with three known keys.
private struct NPYHeader {
  let text: [UInt8]
  let file: String
  var at = 0

  init(_ text: [UInt8], file: String) {
    self.text = text
    self.file = file
  }

  mutating func read() throws(CheckpointError) -> (descriptor: String, shape: [Int]) {
    var descriptor: String?
    var shape: [Int]?
    var fortran: Bool?
    try expect("{")
    while !take("}") {
      let key = try quoted()
      try expect(":")
      switch key {
      case "descr" where descriptor == nil: descriptor = try quoted()
      case "fortran_order" where fortran == nil: fortran = try truth()
      case "shape" where shape == nil: shape = try sizes()
      default: throw error("the key '\(key)' stands twice or is not known")
      }
      if !take(",") {
        try expect("}")
        break
      }
    }
    guard let descriptor, let shape, let fortran else {
      throw error("'descr', 'fortran_order' and 'shape' must be there")
    }
    guard !fortran else {
      throw .unsupported(
        file: file, what: "an array in Fortran order", remedy: "save it with numpy.ascontiguousarray")
    }
    return (descriptor, shape)
  }

  private func error(_ problem: String) -> CheckpointError { .malformed(file: file, place: "header", problem: problem) }

  private mutating func take(_ word: String) -> Bool {
    while at < text.count, text[at] == 0x20 || text[at] == 0x0A { at += 1 }
    guard text[at...].starts(with: word.utf8) else { return false }
    at += word.utf8.count
    return true
  }

  private mutating func expect(_ word: String) throws(CheckpointError) {
    guard take(word) else { throw error("expected '\(word)' at byte \(at)") }
  }

  private mutating func quoted() throws(CheckpointError) -> String {
    let quote = take("'") ? "'" : "\""
    if quote == "\"" { try expect(quote) }
    guard let end = text[at...].firstIndex(of: quote.utf8.first ?? 0) else { throw error("a string is not closed") }
    defer { at = end + 1 }
    return String(decoding: text[at..<end], as: UTF8.self)
  }

  private mutating func truth() throws(CheckpointError) -> Bool {
    if take("False") { return false }
    try expect("True")
    return true
  }

  private mutating func sizes() throws(CheckpointError) -> [Int] {
    var sizes: [Int] = []
    try expect("(")
    while !take(")") {
      let start = at
      while at < text.count, (0x30...0x39).contains(text[at]) { at += 1 }
      guard let size = Int(String(decoding: text[start..<at], as: UTF8.self)) else {
        throw error("expected a size at byte \(start)")
      }
      sizes.append(size)
      if !take(",") {
        try expect(")")
        break
      }
    }
    return sizes
  }
}
