import Checkpoints
public import Tensors

/// How a model keeps its matrices.
///
/// Only plain ones lie on a GPU or in another type than float32; elsewhere every form is plain.
public enum WeightForm: String, Sendable, CaseIterable {
  /// Floats of the type the model computes in: what training wants, where products have many rows.
  case plain
  /// As the file holds them where they can be decoded as fast as they are read (bfloat16, float16, Q4_0, Q4_1, Q8_0), else plain.
  /// It computes what plain ones do, with a fraction of the memory and from the first moment; one text grows faster, sixteen side by
  /// side a little slower.
  case stored
  /// Rounded to 8 bits in blocks of 32 with a half-precision scale each (GGUF's Q8_0), where rows are whole blocks. Numbers change.
  case int8

  /// Turns a user's word into a form.
  ///
  /// - Parameters:
  ///   - choice: a form by its name, or `auto`: stored ones where there is a choice.
  /// - Throws: ``ModelError/weightForm(requested:device:dtype:)`` for other words, and for forms that the device or type has not.
  public static func resolve(_ choice: String, on device: Device, dtype: DType) throws(ModelError) -> WeightForm {
    let hasChoice = device == .cpu && dtype == .float32
    if choice == "auto" { return hasChoice ? .stored : .plain }
    guard let form = WeightForm(rawValue: choice), form == .plain || hasChoice else {
      throw .weightForm(requested: choice, device: device, dtype: dtype)
    }
    return form
  }
}

extension StorageType {
  /// How the engine decodes such numbers where they are used; `nil` where it does not.
  var encoding: EncodedMatrix.Encoding? {
    switch self {
    case .bfloat16: .bfloat16
    case .float16: .float16
    case .q4_0: .q4_0
    case .q4_1: .q4_1
    case .q8_0: .q8_0
    default: nil
    }
  }
}
