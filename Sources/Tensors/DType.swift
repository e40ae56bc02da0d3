import CTorchShim

/// The element type of a tensor.
public enum DType: String, Sendable, Hashable, CaseIterable {
  case bool, uint8, int8, int16, int32, int64, float16, bfloat16, float32, float64

  /// Bytes of one element.
  public var byteCount: Int {
    switch self {
    case .bool, .uint8, .int8: 1
    case .int16, .float16, .bfloat16: 2
    case .int32, .float32: 4
    case .int64, .float64: 8
    }
  }

  /// Whether sums in this type lose what float32 keeps.
  public var isReduced: Bool { self == .float16 || self == .bfloat16 }

  var native: ReftType {
    switch self {
    case .bool: REFT_BOOL
    case .uint8: REFT_U8
    case .int8: REFT_I8
    case .int16: REFT_I16
    case .int32: REFT_I32
    case .int64: REFT_I64
    case .float16: REFT_F16
    case .bfloat16: REFT_BF16
    case .float32: REFT_F32
    case .float64: REFT_F64
    }
  }

  init(native: ReftType) {
    // Every tensor is made through this room, so only the types above can come back.
    guard let type = DType.allCases.first(where: { $0.native == native }) else {
      preconditionFailure("the engine returned element type \(native.rawValue), which the shim does not make")
    }
    self = type
  }
}

/// A Swift type whose values fill a tensor or are read out of one.
public protocol TensorElement: Sendable {
  /// The element type whose bytes a Swift array of this type holds as they are.
  static var dtype: DType { get }
}

extension Float: TensorElement { public static var dtype: DType { .float32 } }
extension Double: TensorElement { public static var dtype: DType { .float64 } }
extension Int64: TensorElement { public static var dtype: DType { .int64 } }
extension Int32: TensorElement { public static var dtype: DType { .int32 } }
extension UInt8: TensorElement { public static var dtype: DType { .uint8 } }
extension Bool: TensorElement { public static var dtype: DType { .bool } }
