extension DType {
  /// Turns a user's word into the type that a model computes in.
  ///
  /// - Parameters:
  ///   - choice: `float32`, `bfloat16`, or `auto`: bfloat16 on a GPU, which has fast matrix units for it, float32 on the CPU.
  ///   - device: where the model computes.
  /// - Throws: ``TensorError/computeType(requested:)``.
  public static func resolve(_ choice: String, on device: Device) throws(TensorError) -> DType {
    switch choice {
    case "auto": device == .cpu ? .float32 : .bfloat16
    case DType.float32.rawValue: .float32
    case DType.bfloat16.rawValue: .bfloat16
    default: throw .computeType(requested: choice)
    }
  }
}
