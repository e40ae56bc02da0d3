import Testing

@testable import Checkpoints

/// Files by the reference package: scripts/goldens/safetensors_files.py.
@Suite struct SafetensorsTests {
  private let path = fixtures + "/dtypes.safetensors"

  @Test func `every type of the reference is read`() throws {
    let file = try SafetensorsFile(path)
    let table = TensorTable(file.tensors, source: path)
    #expect(try table.tensor("f64").floats() == [0.1, -2.5, .infinity, 0])
    #expect(try table.tensor("f32").floats() == [0.1, -2.5, 3e38, 0])
    #expect(try table.tensor("f16").floats() == [0.099975586, -2.5, 65504, 5.9604645e-8])
    #expect(try table.tensor("bf16").floats() == [1, -2.5, Float(bitPattern: 0x7F61_0000)])
    for name in ["i64", "i32", "i16", "i8"] {
      #expect(try table.tensor(name).readIntegers() == [1, -2, 3, 0, 5, 127], "\(name)")
      #expect(try table.tensor(name).shape == [2, 3])
    }
    #expect(try table.tensor("u64").readIntegers() == [1, 254, 3, 0, 5, .max])
    #expect(try table.tensor("u32").readIntegers() == [1, 254, 3, 0, 5, 4_294_967_295])
    #expect(try table.tensor("u16").readIntegers() == [1, 254, 3, 0, 5, 65535])
    #expect(try table.tensor("u8").readIntegers() == [1, 254, 3, 0, 5, 255])
    let beyond = CheckpointError.wrongKind(
      file: path, tensor: "u64 beyond", expected: "whole numbers up to 9223372036854775807",
      got: "18446744073709551615")
    #expect(throws: beyond) { try table.tensor("u64 beyond").readIntegers() }
    #expect(try table.tensor("bool").readIntegers() == [1, 0, 1])
    #expect(try table.tensor("empty").floats() == [])
    #expect(try table.tensor("empty").shape == [0, 4])
    #expect(try table.tensor("scalar").floats() == [7.5])
    #expect(try table.tensor("scalar").shape == [])
    #expect(try table.tensor("quote \" and ünïcode 🎈").floats() == [1])
    #expect(Set(file.tensors.map(\.storage)) == Set(StorageType.safetensors))
    #expect(file.metadata.map(\.key) == ["format"])
    #expect(file.metadata.map(\.value) == ["pt"])
  }

  @Test func `aligned tensors are mapped and not copied`() throws {
    let tensor = try TensorTable(try SafetensorsFile(path).tensors, source: path).tensor("f64")
    let mapped = try #require(tensor.mappedBytes)
    #expect(mapped.withBytes { Array($0.bindMemory(to: Double.self)) } == [0.1, -2.5, 1e300, 0])
  }

  @Test func `real numbers of every type are mapped without a copy, sharded or whole`() throws {
    let scratch = try Scratch()
    try scratch.write("config.json", "{}")
    let types: [(StorageType, [UInt8])] = [
      (.float64, bytes((1.5).bitPattern)), (.float32, bytes(Float(1.5).bitPattern)), (.float16, [0x00, 0x3E]),
      (.bfloat16, [0xC0, 0x3F]),
    ]
    var map: [String] = []
    for (type, bytes) in types {
      let file = "model-\(type.rawValue).safetensors"
      let tensor = WritableTensor(
        name: type.rawValue, storage: type, shape: [64], bytes: Array(repeatElement(bytes, count: 64).joined()))
      try SafetensorsWriter.write(to: scratch.file(file), tensors: [tensor])
      map.append(#""\#(type.rawValue)": "\#(file)""#)
    }
    try scratch.write("model.safetensors.index.json", #"{"weight_map": {\#(map.joined(separator: ","))}}"#)
    let tensors = try Checkpoint.open(scratch.path).tensors
    #expect(tensors.count == 4)
    for (type, bytes) in types {
      let tensor = try tensors.tensor(type.rawValue)
      #expect(try tensor.floats() == [Float](repeating: 1.5, count: 64))
      let mapped = try #require(tensor.mappedBytes, "\(type)")
      #expect(mapped.withBytes { Array($0.suffix(bytes.count)) } == bytes)
    }
  }

  @Test func `a mapping outlives the table that it came from`() throws {
    let mapped = try #require(
      try TensorTable(try SafetensorsFile(path).tensors, source: path).tensor("i64").mappedBytes)
    #expect(mapped.pointer.loadUnaligned(as: Int64.self) == 1)
  }

  @Test func `an unaligned tensor is not mapped but is read`() throws {
    let scratch = try Scratch()
    let header = #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} "#
    #expect((8 + header.utf8.count) % 4 != 0)
    let file = try scratch.write("odd.safetensors", safetensors(header) + [0, 0, 0xC0, 0x3F])
    let tensor = try #require(try SafetensorsFile(file).tensors.first)
    #expect(tensor.mappedBytes == nil)
    #expect(try tensor.floats() == [1.5])
  }

  @Test func `the writer gives the bytes of the reference, whatever the order of the tensors`() throws {
    let scratch = try Scratch()
    let expected = try contents(path)
    let tensors = try SafetensorsFile(path).tensors.map { WritableTensor($0) }
    for (i, tensors) in [tensors, tensors.reversed()].enumerated() {
      let copy = scratch.file("copy\(i).safetensors")
      try SafetensorsWriter.write(to: copy, tensors: tensors, metadata: ["format": "pt"])
      #expect(try contents(copy) == expected)
    }
    let other = scratch.file("other.safetensors")
    try SafetensorsWriter.write(to: other, tensors: Array(tensors.dropLast()), metadata: ["format": "pt"])
    #expect(try contents(other) != expected)
  }

  @Test func `numbers that were written are read back bit for bit`() throws {
    let scratch = try Scratch()
    let floats: [Float] = [0, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .infinity, 1 / 3]
    try SafetensorsWriter.write(
      to: scratch.file("x.safetensors"),
      tensors: [
        WritableTensor(name: "floats", shape: [2, 3], floats: floats),
        WritableTensor(name: "integers", shape: [2], integers: [.min, .max]),
      ], metadata: ["b": "2", "a": "1"])
    let file = try SafetensorsFile(scratch.file("x.safetensors"))
    let table = TensorTable(file.tensors, source: "")
    #expect(try table.tensor("floats").floats().map(\.bitPattern) == floats.map(\.bitPattern))
    #expect(try table.tensor("integers").readIntegers() == [.min, .max])
    #expect(file.metadata.map(\.key) == ["a", "b"])
  }

  @Test func `a large tensor comes in pieces and is never whole in memory`() throws {
    let scratch = try Scratch()
    let piece = (0..<1 << 18).map { Float($0) }
    let pieces = 64
    try SafetensorsWriter.write(
      to: scratch.file("large.safetensors"),
      tensors: [
        WritableTensor(name: "large", storage: .float32, shape: [pieces, piece.count]) { sink in
          for _ in 0..<pieces { try piece.withUnsafeBytes { try sink($0) } }
        }
      ])
    let tensor = try #require(try SafetensorsFile(scratch.file("large.safetensors")).tensors.first)
    let mapped = try #require(tensor.mappedBytes)
    #expect(mapped.count == pieces * piece.count * 4)
    let last = mapped.withBytes { Array($0.suffix(piece.count * 4)) }
    #expect(last == piece.withUnsafeBytes { Array($0) })
  }

  @Test(arguments: [
    ("too few bytes", 5, "needs 8 bytes, got 5"), ("too many bytes", 12, "needs 8 bytes, got at least 12"),
  ])
  func `a tensor with the wrong number of bytes is an error and leaves no file`(
    name: String, count: Int, problem: String
  ) throws {
    let scratch = try Scratch()
    let file = scratch.file("x.safetensors")
    let tensor = WritableTensor(
      name: name, storage: .float32, shape: [2], bytes: [UInt8](repeating: 0, count: count))
    #expect(
      throws: CheckpointError.wrongTensor(
        file: file, tensor: name, problem: "of shape [2] and type F32 " + problem)
    ) {
      try SafetensorsWriter.write(to: file, tensors: [tensor])
    }
    #expect(try scratch.names.isEmpty)
  }

  @Test func `what the format cannot hold is refused before anything is written`() throws {
    let scratch = try Scratch()
    let file = scratch.file("x.safetensors")
    func problem(_ tensors: [WritableTensor]) throws -> String? {
      let error = #expect(throws: CheckpointError.self) { try SafetensorsWriter.write(to: file, tensors: tensors) }
      #expect(try scratch.names.isEmpty)
      return error?.problem
    }
    let x = WritableTensor(name: "x", shape: [1], floats: [1])
    #expect(try problem([x, x]) == "tensor 'x' is to be written twice")
    #expect(
      try problem([WritableTensor(name: "__metadata__", shape: [1], floats: [1])])
        == "tensor '__metadata__' has a name that the format keeps for itself")
    #expect(
      try problem([WritableTensor(name: "q", storage: .q4_1, shape: [32], bytes: [])])
        == "tensor 'q' is of type Q4_1, which safetensors does not have")
    #expect(
      try problem([WritableTensor(name: "n", storage: .int8, shape: [-1], bytes: [])])
        == "tensor 'n' has the shape [-1], which is not possible")
    #expect(
      try problem([WritableTensor(name: "h", storage: .int64, shape: [.max, 2], bytes: [])])
        == "tensor 'h' has the shape [9223372036854775807, 2], which is not possible")
  }
}
