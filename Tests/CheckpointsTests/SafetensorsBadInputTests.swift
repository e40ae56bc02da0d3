import JSON
import Testing

@testable import Checkpoints

/// Files that are cut off, that lie, or that are something else: one clear error each, never a crash.
@Suite struct SafetensorsBadInputTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func failure(_ bytes: [UInt8], _ location: SourceLocation = #_sourceLocation) throws -> CheckpointError? {
    let path = try scratch.write("x.safetensors", bytes)
    return #expect(throws: CheckpointError.self, sourceLocation: location) { try SafetensorsFile(path) }
  }

  private var file: String { scratch.file("x.safetensors") }

  private func malformed(_ place: String, _ problem: String) -> CheckpointError {
    .malformed(file: file, place: place, problem: problem)
  }

  @Test func `a file that is not there is named`() throws {
    #expect(throws: CheckpointError.notFound(path: file, expected: "such file")) { try SafetensorsFile(file) }
  }

  @Test func `a folder in place of a file is an error`() throws {
    #expect(throws: CheckpointError.unreadable(path: scratch.path, reason: "it is not a regular file")) {
      try SafetensorsFile(scratch.path)
    }
  }

  @Test func `an empty file, or one shorter than a length, is cut off`() throws {
    #expect(try failure([]) == .truncated(file: file, part: "the length of the header", needed: 8, got: 0))
    #expect(try failure([1, 0, 0]) == .truncated(file: file, part: "the length of the header", needed: 8, got: 3))
  }

  @Test func `a header that ends after the file is cut off`() throws {
    #expect(try failure(bytes(UInt64(100)) + [0x7B]) == .truncated(file: file, part: "the header", needed: 100, got: 1))
  }

  @Test func `a header longer than the reference reads is refused, however long`() throws {
    for length in [100_000_001, UInt64(Int64.max), .max] {
      #expect(
        try failure(bytes(length) + [0x7B])
          == malformed(
            "length of the header",
            "the header claims \(length) bytes, at most 100000000 are allowed: this is no safetensors file"))
    }
  }

  @Test func `a header that is no JSON, no object, or not UTF-8 is an error with its place`() throws {
    let source = file + ", header"
    guard case .json(.syntax(_, source, line: 1, column: 2)) = try failure(safetensors("{oops}")) else {
      Issue.record("expected a syntax error with line and column")
      return
    }
    #expect(
      try failure(safetensors("[]"))
        == .json(.type(key: "(root)", expected: "an object", got: "an array", source: source)))
    guard case .json(.syntax) = try failure(bytes(UInt64(4)) + [0x7B, 0x22, 0xFF, 0x7D]) else {
      Issue.record("expected a syntax error")
      return
    }
  }

  @Test func `a name that stands twice is an error`() throws {
    let x = #""x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}"#
    #expect(
      try failure(safetensors("{\(x),\(x)}", data: 1))
        == .json(.duplicateKey(key: "x", source: file + ", header", line: 1)))
  }

  @Test func `a missing or misshapen member names the tensor`() throws {
    let source = file + ", tensor 'x'"
    #expect(
      try failure(safetensors(#"{"x":{"shape":[1],"data_offsets":[0,1]}}"#, data: 1))
        == .json(.missing(key: "dtype", source: source, nearest: nil)))
    #expect(
      try failure(safetensors(#"{"x":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}"#, data: 1))
        == .json(.type(key: "shape", expected: "an array of sizes", got: "an array that holds -1", source: source)))
    #expect(
      try failure(safetensors(#"{"x":{"dtype":"U8","shape":[1e3],"data_offsets":[0,1]}}"#, data: 1))
        == .json(.type(key: "shape", expected: "an array of sizes", got: "an array that holds 1000.0", source: source)))
    #expect(
      try failure(safetensors(#"{"x":{"dtype":"U8","shape":[1],"data_offsets":[1]}}"#, data: 1))
        == malformed("tensor 'x'", "'data_offsets' must be [begin, end] with begin <= end, got [1]"))
    #expect(
      try failure(safetensors(#"{"x":{"dtype":"U8","shape":[1],"data_offsets":[2,1]}}"#, data: 1))
        == malformed("tensor 'x'", "'data_offsets' must be [begin, end] with begin <= end, got [2, 1]"))
  }

  @Test(arguments: ["F8_E4M3", "C64", "Q4_1", "f32", ""])
  func `a type that is not read is named with the tensor and with what is read`(type: String) throws {
    #expect(
      try failure(safetensors(#"{"x":{"dtype":"\#(type)","shape":[1],"data_offsets":[0,1]}}"#, data: 1))
        == .unsupportedType(
          file: file, tensor: "x", type: type, supported: ["F64", "F32", "BF16", "F16"]))
  }

  @Test(arguments: [
    ("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "Git LFS", "git lfs pull"),
    ("<!DOCTYPE html><html><body>404: not found</body></html>", "a web page", "download was refused"),
    ("<html>\n<body>Sign in</body></html>", "a web page", "fetch the file itself"),
  ])
  func `a file that stands in place of the weights is told for what it is`(
    text: String, what: String, remedy: String
  ) throws {
    let scratch = try Scratch()
    for name in ["model.safetensors", "model.gguf"] {
      try scratch.write(name, text)
      let error = try #require(throws: CheckpointError.self) {
        if name.hasSuffix("gguf") {
          _ = try GGUFFile(scratch.file(name))
        } else {
          _ = try SafetensorsFile(scratch.file(name))
        }
      }
      for word in [what, remedy, name] { #expect(error.description.contains(word), "\(error)") }
    }
  }

  @Test func `offsets beyond the file are cut off`() throws {
    #expect(
      try failure(safetensors(#"{"x":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, data: 12))
        == .truncated(file: file, part: "the tensors' bytes", needed: 16, got: 12))
  }

  @Test func `overlapping tensors, gaps and left-over bytes are errors`() throws {
    func pair(_ second: Int) -> String {
      #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
        + #""y":{"dtype":"F32","shape":[1],"data_offsets":[\#(second),\#(second + 4)]}}"#
    }
    #expect(
      try failure(safetensors(pair(4), data: 12))
        == malformed(
          "tensor 'y'", "its bytes begin at 4, expected 8: it overlaps the tensor before it"))
    #expect(
      try failure(safetensors(pair(12), data: 16))
        == malformed(
          "tensor 'y'", "its bytes begin at 12, expected 8: it leaves a gap before it"))
    #expect(
      try failure(safetensors(pair(8), data: 15))
        == malformed(
          "end", "3 bytes follow the last tensor and belong to none"))
  }

  @Test func `a shape that does not fit its bytes is an error, also where the count overflows`() throws {
    #expect(
      try failure(safetensors(#"{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,16]}}"#, data: 16))
        == malformed("tensor 'x'", "shape [3] of F32 needs 12 bytes, 'data_offsets' give 16"))
    let huge = Int.max / 2
    #expect(
      try failure(safetensors(#"{"x":{"dtype":"F32","shape":[\#(huge),4],"data_offsets":[0,16]}}"#, data: 16))
        == malformed("tensor 'x'", "shape [\(huge), 4] of F32 needs too many bytes, 'data_offsets' give 16"))
    #expect(
      try failure(safetensors(#"{"x":{"dtype":"F32","shape":[\#(huge),0],"data_offsets":[0,4]}}"#, data: 4))
        == malformed("tensor 'x'", "shape [\(huge), 0] of F32 needs 0 bytes, 'data_offsets' give 4"))
  }

  @Test func `metadata must be strings`() throws {
    #expect(
      try failure(safetensors(#"{"__metadata__":{"a":1}}"#))
        == .json(
          .type(key: "__metadata__.a", expected: "a string", got: "a whole number", source: file + ", header")))
  }

  @Test func `a file without tensors is a file`() throws {
    #expect(try SafetensorsFile(scratch.write("x.safetensors", safetensors("{}"))).tensors.isEmpty)
  }

  @Test func `a tensor of no elements may have sizes whose product is no number`() throws {
    let header = #"{"x":{"dtype":"F32","shape":[4611686018427387904,4,0],"data_offsets":[0,0]}}"#
    let tensor = try SafetensorsFile(scratch.write("x.safetensors", safetensors(header))).tensors[0]
    #expect(tensor.elementCount == 0)
    #expect(try tensor.floats() == [])
  }

  @Test func `no change of a byte and no cut makes the reader crash`() throws {
    try survivesDamage(fixtures + "/dtypes.safetensors", header: 820, scratch) { path in
      for tensor in try SafetensorsFile(path).tensors where tensor.storage.isFloat { _ = try tensor.floats() }
    }
  }
}

/// Flips bits all over the header and cuts the file at many places; reading must end well or with an error of this room.
///
/// - Parameter places: how many bytes are changed; a fifth as many cuts are made. 500 are enough to meet every kind of field, and
///   quick in a debug build.
func survivesDamage(
  _ path: String, header: Int, places: Int = 500, _ scratch: Scratch, _ read: (String) throws -> Void
) throws {
  let original = try contents(path)
  var failures = 0
  func attempt(_ damaged: [UInt8]) throws {
    let file = try scratch.write("damaged", damaged)
    do { try read(file) } catch is CheckpointError { failures += 1 }
  }
  for (i, position) in stride(from: 0, to: min(header, original.count), by: 1 + header / places).enumerated() {
    var damaged = original
    damaged[position] ^= [0x01, 0x80, 0xFF][i % 3]
    try attempt(damaged)
  }
  for length in stride(from: 0, to: original.count, by: max(1, original.count / (places / 5))) {
    let before = failures
    try attempt(Array(original[..<length]))
    #expect(failures == before + 1, "a file cut at \(length) was read")
  }
  #expect(failures > 0)
}
