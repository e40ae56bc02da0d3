import JSON
import Layers
import Tensors

/// How a checkpoint can carry biases of output projections that its architecture may not have.
enum BiasCarrier {
  /// One switch of config.json for all projections of the attention, one for those of the network; `nil`: there is none.
  ///
  /// The switches may stand in an object of config.json, such as the text part of a model that sees images too.
  case switches(attention: String?, feedForward: String?, within: (key: String, object: JSONObject)? = nil)
  /// As another architecture that computes the same and has the switches `attention_bias` and `mlp_bias`.
  case rewritten(changes: JSONObject, turn: WholeTurn?)
}

extension BiasCarrier {
  /// Written as Llama, which has all biases, or as SmolLM3 where layers slide, which has them and windows too.
  static func asLlama(windows: [Int?], _ c: DecoderConfiguration) -> BiasCarrier {
    let turn = WholeTurn(c)
    // Written out, for the defaults of one architecture are not those of another.
    var common: JSONObject = [
      "head_dim": .integer(c.shape.headDim), "num_key_value_heads": .integer(c.shape.kvHeads),
      "rope_theta": .number(c.theta), "rms_norm_eps": .number(c.normEpsilon), "tie_word_embeddings": .bool(c.tied),
      "max_position_embeddings": .integer(c.shape.contextLength),
    ]
    if let turn { common = common.merging(turn.configuration) }
    guard let window = windows.compactMap({ $0 }).first else {
      return .rewritten(
        changes: common.merging(["model_type": "llama", "architectures": ["LlamaForCausalLM"]]), turn: turn)
    }
    return .rewritten(
      changes: common.merging([
        "model_type": "smollm3", "architectures": ["SmolLM3ForCausalLM"], "use_sliding_window": true,
        "sliding_window": .integer(window),
        "layer_types": .array(windows.map { $0 == nil ? "full_attention" : "sliding_attention" }),
        "no_rope_layers": .array(windows.map { _ in 1 }),
      ]), turn: turn)
  }

  /// What must stand beside a bias of the last projection of the attention, or of the network; `nil` where no checkpoint
  /// that other libraries read can carry it.
  ///
  /// - Parameter gaining: whether the checkpoint lacked some of the biases that these blocks have.
  func companions(_ blocks: [any Block], inAttention: Bool, gaining: Bool = false) throws(TensorError)
    -> BiasCompanions?
  {
    var companions = BiasCompanions()
    switch self {
    case .switches(let attention, let feedForward, let within):
      let stored = blocks.flatMap { storedNames(inAttention ? $0.attentionProjections : $0.networkProjections) }
      companions.zeroBiases = stored.missingBiases
      guard gaining || !companions.zeroBiases.isEmpty else { return companions }
      guard let key = inAttention ? attention : feedForward else { return nil }
      if let within {
        companions.configuration[within.key] = .object(within.object.merging([key: true]))
      } else {
        companions.configuration[key] = true
      }
    case .rewritten(let changes, let turn):
      companions.configuration = changes
      companions.configuration["attention_bias"] = true
      companions.configuration["mlp_bias"] = .bool(!inAttention)
      for block in blocks {
        let (attention, network) = (block.attention, block.feedForward)
        companions.zeroBiases += attention.projections.map(\.map.name).missingBiases
        if !inAttention { companions.zeroBiases += network.projections.map(\.map.name).missingBiases }
        let query = try turn?.reordered(attention.query) ?? attention.query
        let key = try turn?.reordered(attention.key) ?? attention.key
        if let fused = attention.fused {
          try companions.replace(
            fused.name(of: attention.projections.parts(of: fused)), by: [query, key, attention.value])
        } else if turn != nil {
          try companions.add([query, key])
        }
        if let fused = network.fused {
          let parts = network.projections.parts(of: fused)
          try companions.replace(fused.name(of: parts), by: parts)
        }
      }
    }
    return companions
  }
}

extension [(component: Component, map: StoredLinear)] {
  /// The projections that a fused map holds, in its order.
  func parts(of fused: FusedLinear) -> [StoredLinear] {
    fused.components.compactMap { component in first { $0.component == component }?.map }
  }
}

/// The projections as the checkpoint has them.
private func storedNames(_ projections: StoredProjections) -> [StoredName] {
  guard let fused = projections.fused else { return projections.maps.map(\.map.name) }
  let apart = projections.maps.filter { !fused.components.contains($0.component) }
  return [fused.name(of: projections.maps.parts(of: fused))] + apart.map(\.map.name)
}

extension BiasCompanions {
  fileprivate mutating func replace(_ whole: StoredName, by parts: [StoredLinear]) throws(TensorError) {
    removed.append(whole.path + ".weight")
    if whole.hasBias { removed.append(whole.path + ".bias") }
    try add(parts)
  }

  fileprivate mutating func add(_ parts: [StoredLinear]) throws(TensorError) {
    for part in parts {
      added.append((part.path + ".weight", try part.map.matrix.tensor()))
      if let bias = part.map.bias { added.append((part.path + ".bias", bias)) }
    }
  }
}

extension [StoredName] {
  fileprivate var missingBiases: [(name: String, size: Int)] {
    filter { !$0.hasBias }.map { (name: $0.path + ".bias", size: $0.outputs) }
  }
}
