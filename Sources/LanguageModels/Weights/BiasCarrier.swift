import JSON
import Layers
import Tensors

/// How a checkpoint can carry biases of output projections that its architecture may not have.
enum BiasCarrier {
  /// One switch of config.json for all projections of the attention, one for those of the network; `nil`: there is none.
  case switches(attention: String?, feedForward: String?)
  /// As another architecture that computes the same and has the switches `attention_bias` and `mlp_bias`.
  case rewritten(changes: JSONObject)
}

extension BiasCarrier {
  /// Written as Llama, which has all biases, or as SmolLM3 where layers slide, which has them and windows too.
  static func asLlama(windows: [Int?], layers: Int) -> BiasCarrier {
    guard let window = windows.compactMap({ $0 }).first else {
      return .rewritten(changes: ["model_type": "llama", "architectures": ["LlamaForCausalLM"]])
    }
    return .rewritten(changes: [
      "model_type": "smollm3", "architectures": ["SmolLM3ForCausalLM"], "use_sliding_window": true,
      "sliding_window": .integer(window),
      "layer_types": .array(windows.map { $0 == nil ? "full_attention" : "sliding_attention" }),
      "no_rope_layers": .array((0..<layers).map { _ in 1 }),
    ])
  }

  /// What must stand beside a bias of the last projection of the attention, or of the network; `nil` where no checkpoint
  /// that other libraries read can carry it.
  func companions(_ blocks: [any Block], inAttention: Bool) -> BiasCompanions? {
    var companions = BiasCompanions()
    switch self {
    case .switches(let attention, let feedForward):
      let stored = blocks.flatMap { inAttention ? $0.attention.stored : $0.feedForward.stored }
      companions.zeroBiases = stored.missingBiases
      guard !companions.zeroBiases.isEmpty else { return companions }
      guard let key = inAttention ? attention : feedForward else { return nil }
      companions.configuration[key] = true
    case .rewritten(let changes):
      companions.configuration = changes
      companions.configuration["attention_bias"] = true
      companions.configuration["mlp_bias"] = .bool(!inAttention)
      for block in blocks {
        let (attention, network) = (block.attention, block.feedForward)
        companions.zeroBiases += [attention.query, attention.key, attention.value, attention.output].missingBiases
        if !inAttention { companions.zeroBiases += network.parts.missingBiases }
        if let fused = attention.fused {
          companions.replace(fused, by: [attention.query, attention.key, attention.value])
        }
        if let fused = network.fusedParts { companions.replace(fused.whole, by: fused.parts) }
      }
    }
    return companions
  }
}

extension BiasCompanions {
  fileprivate mutating func replace(_ whole: StoredLinear, by parts: [StoredLinear]) {
    removed.append(whole.path + ".weight")
    if whole.map.bias != nil { removed.append(whole.path + ".bias") }
    for part in parts {
      added.append((part.path + ".weight", part.map.weight))
      if let bias = part.map.bias { added.append((part.path + ".bias", bias)) }
    }
  }
}

extension [StoredLinear] {
  fileprivate var missingBiases: [(name: String, size: Int)] {
    filter { $0.map.bias == nil }.map { (name: $0.path + ".bias", size: $0.outputs) }
  }
}
