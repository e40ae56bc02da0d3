import Testing

@testable import Checkpoints

@Suite struct GGUFBadInputTests {
  private let scratch: Scratch
  private var file: String { scratch.file("x.gguf") }

  init() throws { scratch = try Scratch() }

  private func failure(
    _ build: (inout GGUFBytes) -> Void, _ location: SourceLocation = #_sourceLocation
  ) throws -> CheckpointError? {
    var bytes = GGUFBytes()
    build(&bytes)
    let path = try scratch.write("x.gguf", bytes.file)
    return #expect(throws: CheckpointError.self, sourceLocation: location) { try GGUFFile(path) }
  }

  private func malformed(_ place: String, _ problem: String) -> CheckpointError {
    .malformed(file: file, place: place, problem: problem)
  }

  @Test func `a right file is read, so the builder is right`() throws {
    var right = GGUFBytes()
    right.pair("k", 4, bytes(UInt32(7)))
    right.tensor("x", [3, 2])
    right.tensor("y", [1], offset: 32)
    right.data = [UInt8](repeating: 0, count: 36)
    let read = try GGUFFile(scratch.write("x.gguf", right.file))
    #expect(read.metadata["k"] == .integer(7))
    #expect(read.tensors.map(\.shape) == [[2, 3], [1]])
    right.version = 2
    #expect(try GGUFFile(scratch.write("x.gguf", right.file)).version == 2)
  }

  @Test func `another file, an empty one, and other versions are told apart`() throws {
    #expect(throws: malformed("first four bytes", "expected 'GGUF': this is no GGUF file")) {
      try GGUFFile(scratch.write("x.gguf", "GGML and more"))
    }
    #expect(throws: CheckpointError.truncated(file: file, part: "the first four bytes", needed: 4, got: 0)) {
      try GGUFFile(scratch.write("x.gguf", ""))
    }
    func what(_ version: UInt32) throws -> String? { try failure { $0.version = version }?.problem }
    #expect(try what(1) == "GGUF version 1 cannot be read")
    #expect(try what(UInt32(3).byteSwapped) == "a big-endian GGUF file cannot be read")
    #expect(try what(4) == "GGUF version 4 cannot be read")
    #expect(try what(0) == "GGUF version 0 cannot be read")
  }

  @Test(arguments: [1000, UInt64(Int64.max), .max])
  func `counts beyond the file are errors and reserve nothing`(count: UInt64) throws {
    guard case .truncated(file, "the list of tensors", _, _) = try failure({ $0.tensorCount = count }) else {
      Issue.record("expected the list of tensors to be cut off")
      return
    }
    guard case .truncated(file, "the metadata", _, _) = try failure({ $0.pairCount = count }) else {
      Issue.record("expected the metadata to be cut off")
      return
    }
    let array = try failure { $0.pair("k", 9, bytes(UInt32(10)) + bytes(count)) }
    guard case .truncated(file, "metadata 'k'", _, _) = array else {
      Issue.record("expected the array to be cut off")
      return
    }
    let string = try failure { $0.pair("k", 8, bytes(count)) }
    guard case .truncated(file, "metadata 'k'", _, _) = string else {
      Issue.record("expected the string to be cut off")
      return
    }
  }

  @Test func `metadata that stands twice, has an unknown type, or is nested too deep is an error`() throws {
    #expect(
      try failure {
        $0.pair("k", 4, bytes(UInt32(7)))
        $0.pair("k", 4, bytes(UInt32(8)))
      } == malformed("metadata", "the key 'k' stands twice"))
    #expect(try failure { $0.pair("k", 13, [0]) } == malformed("metadata 'k'", "unknown type of value 13"))
    #expect(
      try failure { $0.pair("k", 9, bytes(UInt32(99)) + bytes(UInt64(1)) + [0]) }
        == malformed("metadata 'k'", "unknown type of value 99"))
    #expect(try failure { $0.pair("k", 7, [2]) } == malformed("metadata 'k'", "a truth value must be 0 or 1, got 2"))
    let level = bytes(UInt32(9)) + bytes(UInt64(1))
    #expect(
      try failure { $0.pair("k", 9, Array(repeatElement(level, count: 9).joined())) }
        == malformed("metadata 'k'", "arrays nested deeper than 4"))
    #expect(
      try failure { $0.pair("k", 8, bytes(UInt64(1)) + [0xFF]) }
        == malformed("metadata 'k'", "a string is not valid UTF-8"))
  }

  @Test func `an alignment that is no power of two is an error`() throws {
    for alignment: UInt32 in [0, 24, .max] {
      #expect(
        try failure { $0.pair("general.alignment", 4, bytes(alignment)) }
          == malformed(
            "metadata 'general.alignment'", "must be a power of two up to 1048576, got \(alignment)"))
    }
    #expect(
      try failure { $0.pair("general.alignment", 8, GGUFBytes.string("32")) }
        == malformed("metadata 'general.alignment'", "expected a whole number, got a string"))
  }

  @Test func `sizes that cannot be are errors`() throws {
    #expect(try failure { $0.tensor("x", []) } == malformed("tensor 'x'", "must have 1 to 4 sizes, got 0"))
    #expect(
      try failure { $0.tensor("x", [1, 1, 1, 1, 1]) } == malformed("tensor 'x'", "must have 1 to 4 sizes, got 5"))
    #expect(try failure { $0.tensor("x", [4, 0]) } == malformed("tensor 'x'", "0 is no possible size"))
    #expect(
      try failure { $0.tensor("x", [.max]) } == malformed("tensor 'x'", "18446744073709551615 is no possible size"))
    let huge = UInt64(Int64.max)
    #expect(
      try failure { $0.tensor("x", [huge, huge]) }
        == malformed("tensor 'x'", "shape [\(huge), \(huge)] is not possible for F32, which has blocks of 1"))
    #expect(
      try failure { $0.tensor("x", [33, 2], type: 3) }
        == malformed("tensor 'x'", "shape [2, 33] is not possible for Q4_1, which has blocks of 32"))
    #expect(
      try failure { $0.tensor("x", [128, 2], type: 12) }
        == malformed("tensor 'x'", "shape [2, 128] is not possible for Q4_K, which has blocks of 256"))
  }

  @Test(arguments: [
    (15, "Q8_K"), (20, "IQ4_NL"), (23, "IQ4_XS"), (34, "TQ1_0"), (39, "MXFP4"), (4, "Q4_2"), (99, "type 99"),
  ])
  func `a type that is not read is named with the tensor and with what is read`(number: UInt32, name: String) throws {
    let supported = [
      "F32", "F16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "I8", "I16", "I32",
      "I64", "F64", "BF16",
    ]
    let error = try failure { $0.tensor("x", [256], type: number) }
    #expect(error == .unsupportedType(file: file, tensor: "x", type: name, supported: supported))
    #expect(error?.problem == "tensor 'x' is stored as \(name), which cannot be read")
  }

  @Test func `tensors beyond the file, unaligned, overlapping or named twice are errors`() throws {
    #expect(
      try failure {
        $0.tensor("x", [8])
        $0.data = [UInt8](repeating: 0, count: 31)
      } == .truncated(file: file, part: "tensor 'x'", needed: 32, got: 31))
    #expect(
      try failure { $0.tensor("x", [8], offset: 1 << 40) }
        == .truncated(file: file, part: "tensor 'x'", needed: 1 << 40 + 32, got: 0))
    #expect(
      try failure { $0.tensor("x", [8], offset: .max - 31) }
        == .truncated(file: file, part: "tensor 'x'", needed: .max - 31, got: 64))
    #expect(
      try failure { $0.tensor("x", [8], offset: 4) }
        == malformed("tensor 'x'", "its offset 4 is no multiple of the alignment 32"))
    #expect(
      try failure {
        $0.tensor("x", [16])
        $0.tensor("y", [8], offset: 32)
        $0.data = [UInt8](repeating: 0, count: 64)
      } == malformed("tensor 'y'", "its bytes overlap those of 'x'"))
    #expect(
      try failure {
        $0.tensor("x", [8])
        $0.tensor("x", [8], offset: 32)
        $0.data = [UInt8](repeating: 0, count: 64)
      } == malformed("list of tensors", "the tensor 'x' stands twice"))
  }

  @Test(arguments: ["llama", "llama31", "gemma3", "phi3_long", "gpt2", "gptneox", "bert"])
  func `no change of a byte and no cut makes the reader crash`(name: String) throws {
    // Seven files meet together what one alone would need more places for.
    try survivesDamage(fixtures + "/architectures/\(name).gguf", header: 2400, places: 150, scratch) { path in
      for tensor in try Checkpoint.open(path).tensors where tensor.elementCount < 1000 { _ = try tensor.floats() }
    }
  }
}
