/// A tensor to be written: what it is called, and where its bytes come from when they are needed.
public struct WritableTensor {
  /// The name in the file; one file has it once.
  public let name: String
  /// Row-major.
  public let shape: [Int]
  /// A type of safetensors: not quantised.
  public let storage: StorageType
  /// Hands the little-endian bytes, in one or several pieces, to its argument.
  let produce: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void

  /// A tensor whose bytes are made when it is written, so that a large model never lies in memory as a whole.
  ///
  /// - Parameter produce: hands the little-endian bytes, in one or several pieces, to its argument.
  public init(
    name: String, storage: StorageType, shape: [Int],
    producing produce: @escaping (_ sink: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) {
    self.name = name
    self.storage = storage
    self.shape = shape
    self.produce = produce
  }

  /// A tensor of little-endian bytes.
  public init(name: String, storage: StorageType, shape: [Int], bytes: [UInt8]) {
    self.init(name: name, storage: storage, shape: shape) { sink in try bytes.withUnsafeBytes { try sink($0) } }
  }

  /// A tensor of single-precision numbers.
  public init(name: String, shape: [Int], floats: [Float]) {
    self.init(name: name, storage: .float32, shape: shape) { sink in
      try floats.map(\.bitPattern.littleEndian).withUnsafeBytes { try sink($0) }
    }
  }

  /// A tensor of 64-bit whole numbers.
  public init(name: String, shape: [Int], integers: [Int64]) {
    self.init(name: name, storage: .int64, shape: shape) { sink in
      try integers.map(\.littleEndian).withUnsafeBytes { try sink($0) }
    }
  }

  /// A tensor of another file: its bytes as they are where they are the tensor, else decoded to single precision.
  public init(_ tensor: StoredTensor) {
    if !tensor.storage.isQuantized, tensor.form == .plain {
      self.init(name: tensor.name, storage: tensor.storage, shape: tensor.shape) { sink in
        try tensor.bytes.withBytes { try sink($0) }
      }
    } else {
      self.init(name: tensor.name, storage: .float32, shape: tensor.shape) { sink in
        try tensor.floats().withUnsafeBytes { try sink($0) }
      }
    }
  }
}
