import JSON

/// Models that users are likely to try and that are not computed here, so that an error can say what they are.
enum ForeignModels {
  /// What a `model_type` stands for, where it is one of another kind than all architectures here.
  static func kind(of modelType: String) -> String? {
    kinds.first { $0.types.contains(modelType) }?.kind ?? (modelType.hasSuffix("moe") ? mixture : nil)
  }

  private static let mixture = "a mixture of experts"

  private static let kinds: [(kind: String, types: Set<String>)] = [
    (
      mixture,
      ["mixtral", "deepseek_v2", "deepseek_v3", "gpt_oss", "dbrx", "llama4", "llama4_text", "minimax", "arctic"]
    ),
    (
      "an encoder with a decoder",
      ["t5", "mt5", "umt5", "bart", "mbart", "marian", "pegasus", "whisper", "led", "m2m_100", "t5gemma"]
    ),
    (
      "a model that sees or hears",
      [
        "mllama", "llava", "llava_next", "qwen2_vl", "qwen2_5_vl", "qwen3_vl", "clip", "siglip", "paligemma", "gemma3n",
        "idefics3", "smolvlm", "mistral3", "pixtral", "phi4_multimodal",
      ]
    ),
    (
      "a recurrent or state-space model",
      ["mamba", "mamba2", "rwkv", "jamba", "falcon_mamba", "recurrent_gemma", "zamba"]
    ),
  ]

  /// How the weights are packed by the word of config.json, `nil` where they are plain numbers.
  static func quantization(_ configuration: JSONReader) throws(JSONError) -> String? {
    guard let settings = try configuration.reader(ifPresent: "quantization_config") else { return nil }
    if let method = try settings.string(ifPresent: "quant_method") { return method }
    return settings.object.keys.contains { $0.hasPrefix("load_in_") || $0.hasPrefix("bnb_") }
      ? "bitsandbytes" : "unnamed"
  }

  /// How the weights are packed by the names of the tensors, `nil` where they are plain numbers; with one such name.
  static func packing(_ names: [String]) -> (method: String, tensor: String)? {
    for (ending, method) in packings {
      if let tensor = names.first(where: { $0.hasSuffix(ending) }) { return (method, tensor) }
    }
    return nil
  }

  /// What methods of packing put beside or in place of `.weight`.
  private static let packings = [
    (".qweight", "GPTQ or AWQ"), (".weight.absmax", "bitsandbytes, 4 bits"), (".SCB", "bitsandbytes, 8 bits"),
    (".weight_packed", "compressed-tensors"), (".weight_scale", "FP8 with scales"),
    (".weight_scale_inv", "FP8 with scales"),
  ]
}
