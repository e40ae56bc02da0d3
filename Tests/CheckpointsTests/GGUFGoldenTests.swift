import Testing

@testable import Checkpoints

/// Expected values by scripts/goldens/gguf_types.py, which runs the reference package.
@Suite struct GGUFGoldenTests {
  private let stored: [StoredTensor]
  private let expected: TensorTable

  init() throws {
    stored = try GGUFFile(fixtures + "/types.gguf").tensors
    expected = TensorTable(try SafetensorsFile(fixtures + "/types.safetensors").tensors, source: "types.safetensors")
  }

  @Test func `every float and quantised type decodes to the bits of the reference`() throws {
    var types: Set<StorageType> = []
    for tensor in stored where tensor.storage.isFloat {
      let expected = try expected.tensor(tensor.name)
      #expect(expected.shape == tensor.shape, "\(tensor.name)")
      #expect(bits(try tensor.floats()) == bits(try expected.floats()), "\(tensor.name)")
      types.insert(tensor.storage)
    }
    #expect(types == Set(StorageType.allCases.filter(\.isFloat)))
    #expect(expected.count == stored.count { $0.storage.isFloat })
  }

  @Test func `one changed byte of a block changes the values, so equality means something`() throws {
    let scratch = try Scratch()
    let original = try contents(fixtures + "/types.gguf")
    for tensor in stored where tensor.storage.isFloat {
      var changed = original
      // The second byte of a block is the upper half of its scale; the last of a plain number holds its sign.
      let block = tensor.bytes.offset + 100 / tensor.storage.blockBytes * tensor.storage.blockBytes
      changed[block + (tensor.storage.isQuantized ? 1 : tensor.storage.blockBytes - 1)] ^= 0x81
      let path = try scratch.write("changed.gguf", changed)
      let again = try #require(try GGUFFile(path).tensors.first { $0.name == tensor.name })
      #expect(bits(try again.floats()) != bits(try expected.tensor(tensor.name).floats()), "\(tensor.name)")
    }
  }

  @Test func `whole numbers of every width are read`() throws {
    let table = TensorTable(stored, source: "types.gguf")
    #expect(try table.tensor("I8").readIntegers() == [-1, 2, 127, 0, 7, -128])
    #expect(try table.tensor("I16").readIntegers() == [-1, 2, 32767, 0, 7, -32768])
    #expect(try table.tensor("I32").readIntegers() == [-1, 2, 2_147_483_647, 0, 7, -2_147_483_648])
    #expect(try table.tensor("I64").readIntegers() == [-1, 2, .max, 0, 7, .min])
  }

  @Test func `asking whole numbers for real ones and the other way round is an error`() throws {
    let table = TensorTable(stored, source: "types.gguf")
    let file = fixtures + "/types.gguf"
    #expect(throws: CheckpointError.wrongKind(file: file, tensor: "I8", expected: "real numbers", got: "I8")) {
      try table.tensor("I8").floats()
    }
    #expect(throws: CheckpointError.wrongKind(file: file, tensor: "Q4_1", expected: "whole numbers", got: "Q4_1")) {
      try table.tensor("Q4_1").readIntegers()
    }
  }

  @Test func `metadata of every type is read`() throws {
    let metadata = try GGUFFile(fixtures + "/types.gguf").metadata
    #expect(metadata["value.uint8"] == .integer(200))
    #expect(metadata["value.int8"] == .integer(-100))
    #expect(metadata["value.uint16"] == .integer(60000))
    #expect(metadata["value.int16"] == .integer(-30000))
    #expect(metadata["value.uint32"] == .integer(4_000_000_000))
    #expect(metadata["value.int32"] == .integer(-2_000_000_000))
    #expect(metadata["value.uint64"] == .unsigned(.max))
    #expect(metadata["value.int64"] == .integer(.min))
    #expect(metadata["value.float32"] == .float(1e-5))
    #expect(metadata["value.float32"]?.double == 1e-5)
    #expect(metadata["value.float64"] == .double(1e-300))
    #expect(metadata["value.bool"] == .bool(true))
    #expect(metadata["value.string"] == .string("naïve 🎈"))
    #expect(metadata["value.strings"] == .array([.string("a"), .string(""), .string("ü")]))
    #expect(metadata["value.integers"] == .array([.integer(3), .integer(-1), .integer(2)]))
    #expect(metadata.keys.first == "general.architecture")
  }

  @Test func `one thread and several give the same bits`() throws {
    // Large enough to be shared: every half-precision number, several times over.
    let tensor = try #require(stored.first { $0.name == "F16.all" })
    let large = StoredTensor(
      name: "large", shape: tensor.shape, storage: .float16, file: tensor.file, bytes: tensor.bytes)
    #expect(large.elementCount == 65536)
    #expect(bits(try large.floats(threads: 1)) == bits(try large.floats(threads: 7)))
  }
}
