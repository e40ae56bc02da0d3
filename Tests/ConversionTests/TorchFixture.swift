import Checkpoints

/// A file of torch with one tensor.
enum TorchFixture {
  static func write(_ path: String) throws {
    try TorchArchiveWriter.write(to: path, tensors: [WritableTensor(name: "x", shape: [1], floats: [1])])
  }
}
