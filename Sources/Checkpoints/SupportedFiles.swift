/// What can be read, for tables and messages.
public enum SupportedFiles {
  /// The tensor types of safetensors.
  public static var safetensors: [String] { StorageType.safetensors.map(\.rawValue) }

  /// The tensor types of GGUF.
  public static var gguf: [String] { GGUFTensorTypes.readable }

  /// The values of `general.architecture` in GGUF.
  public static var ggufArchitectures: [String] { GGUFArchitecture.all.map(\.name) }
}
