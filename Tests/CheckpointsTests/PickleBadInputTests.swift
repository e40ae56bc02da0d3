import Testing

@testable import Checkpoints

/// Pickles made by hand in archives made by hand.
@Suite struct PickleBadInputTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// Reads an archive with this program, and one storage `0` of eight bytes.
  private func read(_ program: [UInt8]) throws -> TorchArchive {
    let path = scratch.file("x.pt")
    try ZIPWriter.write(
      to: path, folder: "x", members: [("data.pkl", program), ("data/0", [UInt8](repeating: 1, count: 8))],
      overwrite: true)
    return try TorchArchive(path)
  }

  private func problem(_ program: [UInt8], _ location: SourceLocation = #_sourceLocation) throws -> String? {
    #expect(throws: CheckpointError.self, sourceLocation: location) { try read(program) }?.problem
  }

  private func problem(_ text: String, _ location: SourceLocation = #_sourceLocation) throws -> String? {
    try problem(Array(text.utf8), location)
  }

  private func tensor(_ sizes: [UInt8], _ strides: [UInt8], offset: UInt8 = 0, count: UInt8 = 2) -> [UInt8] {
    func numbers(_ values: [UInt8]) -> [UInt8] { Array("(".utf8) + values.flatMap { [0x4B, $0] } + Array("t".utf8) }
    func text(_ text: String) -> [UInt8] { [0x8C, UInt8(text.utf8.count)] + Array(text.utf8) }
    return Array("ctorch._utils\n_rebuild_tensor_v2\n((".utf8) + text("storage") + Array("ctorch\nFloatStorage\n".utf8)
      + text("0") + text("cpu") + [0x4B, count] + Array("tQ".utf8) + [0x4B, offset] + numbers(sizes) + numbers(strides)
      + [0x89] + Array("NtR.".utf8)
  }

  @Test func `a right program is read, so the builder is right`() throws {
    guard case .tensor(let read) = try read(tensor([2], [1])).root else {
      Issue.record("no tensor was read")
      return
    }
    #expect(read.shape == [2])
    #expect(throws: CheckpointError.self) { try TorchArchive(scratch.file("x.pt")).tensors() }
  }

  @Test func `opcodes that build anything else are refused by number`() throws {
    for (program, number) in [
      ("ios\nsystem\n", "69"), ("(ios\nsystem\n", "69"), ("c__main__", nil), ("N\u{01}", "1"), ("P0\n", "50"),
      ("N0", "30"), ("N2", "32"), ("I1\n", "49"), ("B", "42"),
    ] {
      let problem = try problem(program)
      if let number {
        #expect(problem?.contains("the opcode 0x\(number) ") == true, "\(program): \(problem ?? "")")
      } else {
        #expect(problem == "the file is cut off in its pickle: 1 bytes are needed, 8 are there")
      }
    }
    // NEWOBJ, NEWOBJ_EX, EXT1, BYTEARRAY8, NEXT_BUFFER
    for opcode: UInt8 in [0x81, 0x92, 0x82, 0x96, 0x97] {
      #expect(try problem([0x80, 2, opcode])?.contains("which plain tensors do not need") == true)
    }
  }

  @Test(arguments: [
    "cos\nsystem\n.", "cbuiltins\neval\n.", "c__builtin__\ngetattr\n.", "ctorch\nload\n.",
    "ctorch.storage\n_load_from_bytes\n.",
    "ctorch._utils\n_rebuild_wrapper_subclass\n.", "ccollections\ndefaultdict\n.", "ctorch\nComplexFloatStorage\n.",
    "c\n\n.",
  ])
  func `every other name is refused by it`(program: String) throws {
    let lines = program.dropFirst().split(separator: "\n", omittingEmptySubsequences: false)
    #expect(try problem(program) == "a pickle that asks for '\(lines[0]).\(lines[1])' cannot be read")
  }

  @Test func `names may not be put together on the stack either`() throws {
    #expect(
      try problem([0x80, 4, 0x8C, 2] + Array("os".utf8) + [0x8C, 6] + Array("system".utf8) + [0x93] + Array(".".utf8))
        == "a pickle that asks for 'os.system' cannot be read")
    #expect(try problem([0x4E, 0x4E, 0x93]) == "a name must be a string")
  }

  @Test func `calls of the wrong kind are errors`() throws {
    #expect(try problem("ccollections\nOrderedDict\n(NtR.") == "a call is not what torch writes")
    #expect(try problem("N)R.") == "a call is not what torch writes")
    #expect(try problem("ctorch\nFloatStorage\n)R.") == "a call is not what torch writes")
    #expect(try problem("ctorch._utils\n_rebuild_tensor_v2\n)R.") == "a tensor is not what torch writes")
    #expect(try problem("ctorch._utils\n_rebuild_parameter\n)R.") == "a parameter has no tensor")
    #expect(try problem("NQ.") == "a reference to a storage is not what torch writes")
    #expect(try problem("N}b.") == "only dictionaries may have attributes")
    #expect(try problem("ccollections\nOrderedDict\n.")?.contains("neither tensor nor container") == true)
  }

  @Test func `a stack that does not fit is an error`() throws {
    #expect(try problem(".") == "0 values are left at the end, expected one")
    #expect(try problem("NN.") == "2 values are left at the end, expected one")
    #expect(try problem("t.") == "a mark is missing")
    #expect(try problem("(a") == "a value is missing")
    #expect(try problem("]a") == "a value is missing")
    #expect(try problem("Na") == "a value is missing")
    #expect(try problem("NNa") == "a list is missing")
    #expect(try problem("}(Nu.") == "a dictionary, or one of its values, is missing")
    #expect(try problem("h\u{07}") == "the memo has no entry 7")
    #expect(try problem([0x8A, 9]) == "a whole number of 9 bytes")
    #expect(try problem([0x8D] + bytes(UInt64.max)) == "18446744073709551615 is no possible length")
    #expect(
      try problem([0x58] + bytes(UInt32.max))
        == "the file is cut off in its pickle: 4294967295 bytes are needed, 0 are there"
    )
    #expect(try problem([0x8C, 1, 0xFF]) == "a string is not valid UTF-8")
    #expect(try problem([0x80, 5]) == "version 5 of the pickle protocol cannot be read")
    #expect(try problem([0x80, 0]) == "version 0 of the pickle protocol cannot be read")
  }

  @Test func `views that leave their storage are errors`() throws {
    #expect(try problem(tensor([3], [1]))?.contains("has more elements than its storage, which has 2") == true)
    #expect(try problem(tensor([2], [2]))?.contains("leaves its storage of 2") == true)
    #expect(try problem(tensor([1], [1], offset: 2))?.contains("leaves its storage of 2") == true)
    #expect(try problem(tensor([2], [1, 1])) == "a tensor is not what torch writes")
    #expect(
      try problem(tensor([2], [1], count: 3))
        == "the file is cut off in the storage '0' of 3 elements: 12 bytes are needed, 8 are there")
  }

  @Test func `what holds itself, is too deep, or grows when it is followed is an error`() throws {
    // l = []; l.append(l)
    #expect(try problem("]q\u{0}h\u{0}a.")?.contains("nested deeper than 32, or hold themselves") == true)
    #expect(
      try problem(String(repeating: "]", count: 50) + String(repeating: "a", count: 49) + ".")?.contains("deeper")
        == true)
    #expect(
      try problem([UInt8](repeating: 0x29, count: 1) + [UInt8](repeating: 0x85, count: 1 << 20))?.contains("deeper")
        == true)
    // Each list holds the one before it twice: 2^30 values in 200 bytes.
    var bomb: [UInt8] = Array("]q\u{0}".utf8)
    for i in 1..<30 {
      bomb += Array("](h".utf8) + [UInt8(i - 1)] + Array("h".utf8) + [UInt8(i - 1)] + Array("eq".utf8) + [UInt8(i)]
    }
    #expect(try problem(bomb + Array("(".utf8) + Array(repeating: 0x4E, count: 0))?.isEmpty == false)
    var closed: [UInt8] = Array("]q\u{0}".utf8)
    for i in 1..<30 {
      closed += Array("(h".utf8) + [UInt8(i - 1)] + Array("h".utf8) + [UInt8(i - 1)] + Array("tq".utf8) + [UInt8(i)]
    }
    // Everything but the last is taken off the stack as part of a dictionary that nobody reads.
    #expect(
      try problem(Array("(".utf8) + closed + Array("t.".utf8))?.contains("the result has more than 1048576 values")
        == true)
  }

  @Test func `a program that is too long is not run`() throws {
    #expect(
      try problem([UInt8](repeating: 0x4E, count: PickleMachine.longestProgram + 1))
        == "a pickle of \(PickleMachine.longestProgram + 1) bytes cannot be read")
  }

  @Test func `a missing storage and a missing program are named`() throws {
    let path = scratch.file("x.pt")
    try ZIPWriter.write(to: path, folder: "x", members: [("data.pkl", tensor([1], [1]))], overwrite: true)
    #expect(
      throws: CheckpointError.malformed(
        file: path, place: "directory of the archive", problem: "the storage '0' is missing")
    ) { try TorchArchive(path) }
    try ZIPWriter.write(to: path, folder: "x", members: [("other", [1])], overwrite: true)
    #expect(
      throws: CheckpointError.malformed(
        file: path, place: "directory of the archive",
        problem: "expected one 'data.pkl', got 0: this was not written by torch.save")
    ) { try TorchArchive(path) }
    try ZIPWriter.write(
      to: path, folder: "x", members: [("data.pkl", [0x4E, 0x2E]), ("byteorder", Array("big".utf8))], overwrite: true)
    let error = #expect(throws: CheckpointError.self) { try TorchArchive(path) }
    #expect(error?.problem == "a big-endian archive cannot be read")
  }

  @Test func `members that stand twice are an error`() throws {
    let path = scratch.file("x.pt")
    try ZIPWriter.write(
      to: path, folder: "x", members: [("data.pkl", [0x4E, 0x2E]), ("data.pkl", [0x4E, 0x2E])], overwrite: true)
    #expect(
      throws: CheckpointError.malformed(
        file: path, place: "directory of the archive", problem: "the member 'x/data.pkl' stands twice")
    ) { try TorchArchive(path) }
  }
}
