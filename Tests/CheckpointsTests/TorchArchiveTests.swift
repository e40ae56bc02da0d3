import Testing

@testable import Checkpoints

/// Files by torch: scripts/goldens/torch_files.py.
@Suite struct TorchArchiveTests {
  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func fixture(_ name: String) -> String { fixtures + "/torch/" + name }

  /// Compares every tensor with the safetensors file of the same name.
  private func expect(_ tensors: [(name: String, tensor: TorchTensor)], equal name: String) throws {
    let expected = TensorTable(try SafetensorsFile(fixture(name)).tensors, source: name)
    #expect(tensors.map(\.name).sorted() == expected.names.sorted())
    for (name, tensor) in tensors {
      let other = try expected.tensor(name)
      #expect(tensor.shape == other.shape, "\(name)")
      #expect(tensor.storage == other.storage, "\(name)")
      if tensor.storage.isFloat {
        #expect(try bits(tensor.floats(named: name)) == bits(other.floats()), "\(name)")
      } else {
        #expect(try tensor.integers(named: name) == other.readIntegers(), "\(name)")
      }
    }
  }

  @Test func `the state of a module is read, its metadata left aside`() throws {
    let archive = try TorchArchive(fixture("state.bin"))
    try expect(archive.tensors(), equal: "state.safetensors")
  }

  @Test(arguments: ["types.pt", "types4.pt"])
  func `every type and every view is read`(name: String) throws {
    let tensors = try TorchArchive(fixture(name)).tensors()
    #expect(tensors.count == 17)
    #expect(tensors.filter { !$0.tensor.isContiguous }.map(\.name) == ["transposed", "part", "column", "turned"])
    try expect(tensors, equal: "types.safetensors")
  }

  @Test func `parameters are tensors`() throws {
    let tensors = try TorchArchive(fixture("parameters.pth")).tensors()
    #expect(tensors.map(\.name).last == "model.layers.1.mlp.down_proj.delta_vector.activation_scaling")
    #expect(tensors.map(\.tensor.shape) == [[1, 4], [1, 4]])
    #expect(try Set(tensors.map { try $0.tensor.floats(named: $0.name) }).count == 2)
  }

  @Test func `whole numbers are no real numbers, and the other way round`() throws {
    let tensors = Dictionary(
      uniqueKeysWithValues: try TorchArchive(fixture("types.pt")).tensors().map { ($0.name, $0.tensor) })
    let file = fixture("types.pt")
    #expect(throws: CheckpointError.wrongKind(file: file, tensor: "i64", expected: "real numbers", got: "I64")) {
      try tensors["i64"]?.floats(named: "i64")
    }
    #expect(throws: CheckpointError.wrongKind(file: file, tensor: "f32", expected: "whole numbers", got: "F32")) {
      try tensors["f32"]?.integers(named: "f32")
    }
  }

  @Test(arguments: [
    ("call.pt", "a pickle that asks for 'posix.system' cannot be read"),
    ("module.pt", "a pickle that asks for 'torch.nn.modules.linear.Linear' cannot be read"),
    ("legacy.pt", "torch's format before version 1.6 cannot be read"),
    ("deflated.pt", "the member 'parameters/data.pkl', compressed by deflate, cannot be read"),
    ("expanded.pt", "a tensor of sizes [4, 3] has more elements than its storage, which has 3"),
  ])
  func `what is no plain tensor is refused by its name`(name: String, problem: String) throws {
    let error = #expect(throws: CheckpointError.self) { try TorchArchive(fixture(name)) }
    #expect(error?.problem == problem)
    #expect(error?.location.hasPrefix(fixture(name)) == true)
    #expect(error?.remedy != nil)
  }

  @Test func `other files are told apart`() throws {
    func problem(_ bytes: [UInt8]) throws -> String? {
      let path = try scratch.write("x.bin", bytes)
      return #expect(throws: CheckpointError.self) { try TorchArchive(path) }?.problem
    }
    #expect(try problem([0x80, 4, 0x95, 0]) == "a bare pickle cannot be read")
    #expect(try problem([]) == "the file is cut off in the first four bytes: 4 bytes are needed, 0 are there")
    #expect(try problem(Array("hello".utf8)) == "expected 'PK': this was not written by torch.save")
    #expect(try problem(contents(fixture("control.gguf"))) == "expected 'PK': this was not written by torch.save")
  }

  @Test(arguments: ["state.bin", "types.pt", "parameters.pth"])
  func `no change of a byte and no cut makes the reader crash`(name: String) throws {
    try survivesDamage(fixture(name), header: 8000, places: 250, scratch) { path in
      for (name, tensor) in try TorchArchive(path).tensors() {
        if tensor.storage.isFloat { _ = try tensor.floats(named: name) } else { _ = try tensor.integers(named: name) }
      }
    }
  }

  // MARK: Writing

  private func writable() throws -> [WritableTensor] {
    let names = try TorchArchive(fixture("types.pt")).tensors().map(\.name)
    let tensors = TensorTable(try SafetensorsFile(fixture("types.safetensors")).tensors, source: "types")
    return try names.map { WritableTensor(try tensors.tensor($0)) }
  }

  @Test func `what is written is what torch has been shown to load`() throws {
    let path = scratch.file("written.pth")
    try TorchArchiveWriter.write(to: path, tensors: writable())
    #expect(try contents(path) == contents(fixture("written.pth")))
    try expect(TorchArchive(path).tensors(), equal: "types.safetensors")
    #expect(throws: CheckpointError.outputExists(path: path)) {
      try TorchArchiveWriter.write(to: path, tensors: writable())
    }
  }

  @Test func `an empty dictionary is written and read`() throws {
    let path = scratch.file("empty.pth")
    try TorchArchiveWriter.write(to: path, tensors: [])
    #expect(try TorchArchive(path).tensors().isEmpty)
  }

  @Test func `a tensor that cannot be written leaves nothing behind`() throws {
    let path = scratch.file("x.pth")
    func failure(_ tensors: WritableTensor...) -> String? {
      #expect(throws: CheckpointError.self) { try TorchArchiveWriter.write(to: path, tensors: tensors) }?.problem
    }
    let good = WritableTensor(name: "a", shape: [1], floats: [1])
    #expect(failure(good, good) == "tensor 'a' is to be written twice")
    #expect(
      failure(WritableTensor(name: "a", storage: .uint16, shape: [1], bytes: [1, 2]))
        == "tensor 'a' is of type U16, which torch has no storage of")
    #expect(
      failure(good, WritableTensor(name: "b", shape: [3], floats: [1]))
        == "tensor 'b' of shape [3] and type F32 needs 12 bytes, got 4")
    #expect(try scratch.names.isEmpty)
  }
}
