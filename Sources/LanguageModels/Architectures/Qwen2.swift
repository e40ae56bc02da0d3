public import JSON

/// Qwen 2 and 2.5 (arXiv 2407.10671, 2412.15115): Llama with biases on queries, keys and values.
///
/// Layers from `max_window_layers` on look at the last `sliding_window` rows where `use_sliding_window` says so.
public enum Qwen2: Architecture {
  public static let summary = "Qwen 1.5, 2, 2.5"
  public static let modelTypes = ["qwen2"]

  public static func model(_ configuration: JSONReader, _ weights: WeightLoader) throws -> any LanguageModel {
    let c = try DecoderConfiguration(configuration, defaults: .init(contextLength: 32_768))
    let rotary = c.rotary
    let windows = try c.upperWindows()
    return try Transformer.decoder(c, weights, biases: .asLlama(windows: windows, c)) { w, layer in
      try PreNormBlock(
        w, c,
        attention: SelfAttention(
          w("self_attn."), c.shape, inputBias: true, outputBias: false, rotary: rotary,
          attend: c.attend(window: windows[layer])))
    }
  }
}

extension DecoderConfiguration {
  /// The windows of Qwen 2 and 3: layers from `max_window_layers` on slide, where `use_sliding_window` says so.
  func upperWindows() throws -> [Int?] {
    guard try json.bool(ifPresent: "use_sliding_window") ?? false else { return shape.everyLayer(nil) }
    let first = try json.int(ifPresent: "max_window_layers") ?? 28
    return try windows(window(default: 4096)) { $0 >= first }
  }
}

extension ModelShape {
  fileprivate func everyLayer(_ window: Int?) -> [Int?] { (0..<layers).map { _ in window } }
}
