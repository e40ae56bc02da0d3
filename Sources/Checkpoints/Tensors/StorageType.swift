/// How the numbers of a tensor lie in a file.
///
/// The raw value is the name that both formats print: `F32`, `BF16`, `Q4_1`. A further type is one case here and, where it
/// holds real numbers, one ``FloatFormat``.
public enum StorageType: String, Sendable, CaseIterable {
  case float64 = "F64"
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int64 = "I64"
  case int32 = "I32"
  case int16 = "I16"
  case int8 = "I8"
  case uint64 = "U64"
  case uint32 = "U32"
  case uint16 = "U16"
  case uint8 = "U8"
  case bool = "BOOL"
  /// Blocks of 32 numbers, 4 bits each, with one half-precision scale a block.
  case q4_0 = "Q4_0"
  /// As ``q4_0``, with a half-precision minimum a block too.
  case q4_1 = "Q4_1"
  /// Blocks of 32 numbers, 5 bits each, with one half-precision scale a block.
  case q5_0 = "Q5_0"
  /// As ``q5_0``, with a half-precision minimum a block too.
  case q5_1 = "Q5_1"
  /// Blocks of 32 numbers, 8 bits each, with one half-precision scale a block.
  case q8_0 = "Q8_0"
  /// Blocks of 256 numbers, 2 bits each, with a 4-bit scale and minimum for each 16 of them.
  case q2_K = "Q2_K"
  /// Blocks of 256 numbers, 3 bits each, with a 6-bit scale for each 16 of them.
  case q3_K = "Q3_K"
  /// Blocks of 256 numbers, 4 bits each, with a 6-bit scale and minimum for each 32 of them.
  case q4_K = "Q4_K"
  /// Blocks of 256 numbers, 5 bits each, with a 6-bit scale and minimum for each 32 of them.
  case q5_K = "Q5_K"
  /// Blocks of 256 numbers, 6 bits each, with an 8-bit scale for each 16 of them.
  case q6_K = "Q6_K"

  /// How real numbers are decoded; `nil` for whole numbers and truth values.
  var floatFormat: (any FloatFormat.Type)? {
    switch self {
    case .float64: Float64Format.self
    case .float32: Float32Format.self
    case .float16: Float16Format.self
    case .bfloat16: BFloat16Format.self
    case .q4_0: Q4_0.self
    case .q4_1: Q4_1.self
    case .q5_0: Q5_0.self
    case .q5_1: Q5_1.self
    case .q8_0: Q8_0.self
    case .q2_K: Q2_K.self
    case .q3_K: Q3_K.self
    case .q4_K: Q4_K.self
    case .q5_K: Q5_K.self
    case .q6_K: Q6_K.self
    case .int64, .int32, .int16, .int8, .uint64, .uint32, .uint16, .uint8, .bool: nil
    }
  }

  /// How whole numbers are decoded; `nil` for real numbers.
  var integerType: (any FixedWidthInteger.Type)? {
    switch self {
    case .int64: Int64.self
    case .int32: Int32.self
    case .int16: Int16.self
    case .int8: Int8.self
    case .uint64: UInt64.self
    case .uint32: UInt32.self
    case .uint16: UInt16.self
    case .uint8, .bool: UInt8.self
    default: nil
    }
  }

  /// The number of elements that are stored together: 1, or the length of a quantised block.
  public var blockElements: Int { floatFormat?.elements ?? 1 }

  /// The bytes of one block.
  public var blockBytes: Int { floatFormat?.bytes ?? integerType.map { $0.bitWidth / 8 } ?? 1 }

  /// Whether several elements share a scale.
  public var isQuantized: Bool { blockElements > 1 }

  /// Whether the values are real numbers, quantised or not.
  public var isFloat: Bool { floatFormat != nil }

  /// The types of safetensors, in the order in which the reference implementation sorts tensors (wide types first).
  static let safetensors: [StorageType] = [
    .uint64, .int64, .float64, .float32, .uint32, .int32, .bfloat16, .float16, .uint16, .int16, .int8, .uint8, .bool,
  ]

  /// The bytes of a tensor of this type, `nil` where the count overflows or does not fill whole blocks a row.
  func byteCount(of shape: [Int]) -> Int? {
    guard let elements = shape.productReportingOverflow else { return nil }
    if blockElements == 1 {
      let (bytes, overflow) = elements.multipliedReportingOverflow(by: blockBytes)
      return overflow ? nil : bytes
    }
    guard let row = shape.last, row % blockElements == 0 else { return nil }
    let (bytes, overflow) = (elements / blockElements).multipliedReportingOverflow(by: blockBytes)
    return overflow ? nil : bytes
  }
}

extension [Int] {
  /// The product, `nil` where it does not fit; the empty product is 1.
  var productReportingOverflow: Int? {
    // A zero makes the product zero whatever stands beside it.
    if contains(0) { return 0 }
    var product = 1
    for factor in self {
      let (next, overflow) = product.multipliedReportingOverflow(by: factor)
      if overflow { return nil }
      product = next
    }
    return product
  }
}
