/// The classes of torch's typed storages, by which a pickle names the type of a tensor.
enum TorchStorages {
  static let types: [String: StorageType] = [
    "DoubleStorage": .float64, "FloatStorage": .float32, "HalfStorage": .float16, "BFloat16Storage": .bfloat16,
    "LongStorage": .int64, "IntStorage": .int32, "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8,
    "BoolStorage": .bool,
  ]

  /// The class of a type, `nil` for types that torch stores otherwise.
  static func name(of type: StorageType) -> String? { types.first { $0.value == type }?.key }
}
