import Testing

@testable import Checkpoints

/// Files by NumPy: scripts/goldens/safetensors_files.py.
@Suite struct NPYTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func `the heads of lo-fit are read`() throws {
    let heads = try NPYArray(reading: fixtures + "/heads.npy")
    #expect(heads.shape == [27, 2])
    let integers = try #require(heads.integers)
    #expect(Array(integers.prefix(2)) == [24, 5])
    #expect(integers.count == 54)
  }

  @Test func `the other types and shapes are read`() throws {
    #expect(
      try NPYArray(reading: fixtures + "/doubles.npy") == NPYArray(shape: [3], elements: .float64([0.1, -1e300, 5])))
    #expect(
      try NPYArray(reading: fixtures + "/floats.npy") == NPYArray(shape: [1, 1, 2], elements: .float32([0.1, 2.5])))
    #expect(try NPYArray(reading: fixtures + "/integers.npy") == NPYArray(shape: [], elements: .int32([-7])))
  }

  @Test(arguments: ["heads", "doubles", "floats", "integers"])
  func `the writer gives the bytes of NumPy`(name: String) throws {
    let original = fixtures + "/\(name).npy"
    let copy = scratch.file("copy.npy")
    try NPYArray(reading: original).write(to: copy)
    #expect(try contents(copy) == contents(original))
    #expect(throws: CheckpointError.outputExists(path: copy)) { try NPYArray(reading: original).write(to: copy) }
  }

  private func failure(_ header: String, version: UInt8 = 1, data: Int = 0) throws -> String? {
    let length = version == 1 ? bytes(UInt16(header.utf8.count)) : bytes(UInt32(header.utf8.count))
    let file = [0x93] + Array("NUMPY".utf8) + [version, 0] + length + Array(header.utf8)
    let path = try scratch.write("x.npy", file + [UInt8](repeating: 0, count: data))
    let error = #expect(throws: CheckpointError.self) { try NPYArray(reading: path) }
    #expect(error?.location.hasPrefix(path) == true)
    return error?.problem
  }

  @Test func `bad files are one clear error each`() throws {
    func header(_ type: String, _ shape: String, fortran: String = "False") -> String {
      "{'descr': '\(type)', 'fortran_order': \(fortran), 'shape': \(shape), }"
    }
    #expect(
      try failure(header("<i8", "(2,)"), data: 15)
        == "the file is cut off in the array of shape [2]: 16 bytes are needed, 15 are there")
    #expect(try failure(header("<i8", "(2,)"), version: 2, data: 17) == "1 bytes follow the array of shape [2]")
    #expect(try failure(header("<i8", "(2,)"), version: 3) == "version 3 of the .npy format cannot be read")
    #expect(try failure(header(">i8", "(2,)")) == "an array of type '>i8' cannot be read")
    #expect(try failure(header("|O", "(2,)")) == "an array of type '|O' cannot be read")
    #expect(try failure(header("<i8", "(2,)", fortran: "True")) == "an array in Fortran order cannot be read")
    #expect(try failure(header("<i8", "(\(Int.max), 3)")) == "the shape [9223372036854775807, 3] is too large")
    #expect(
      try failure(header("<i8", "(\(Int.max),)"))
        == "the file is cut off in the array of shape [9223372036854775807]: 18446744073709551615 bytes are needed, "
        + "0 are there")
    #expect(try failure(header("<i8", "(-2,)")) == "expected a size at byte 51")
    #expect(try failure("{'descr': '<i8'}") == "'descr', 'fortran_order' and 'shape' must be there")
    #expect(try failure("{'descr': '<i8', 'descr': '<i8'}") == "the key 'descr' stands twice or is not known")
    #expect(try failure("{'descr: ") == "a string is not closed")
    #expect(try failure("") == "expected '{' at byte 0")
    let path = try scratch.write("x.npy", "PK\u{3}\u{4}....")
    #expect(
      throws: CheckpointError.malformed(
        file: path, place: "first six bytes", problem: "expected '\\x93NUMPY': this is no .npy file")
    ) { try NPYArray(reading: path) }
  }

  @Test func `no change of a byte and no cut makes the reader crash`() throws {
    try survivesDamage(fixtures + "/heads.npy", header: 128, scratch) { _ = try NPYArray(reading: $0) }
  }
}
