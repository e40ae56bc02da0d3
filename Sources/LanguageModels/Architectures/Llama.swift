public import JSON
import Layers
public import Tensors

/// The Llama family (arXiv 2302.13971, 2307.09288, 2407.21783) as `transformers.LlamaForCausalLM` computes it.
///
/// Covers grouped-query attention, tied and untied vocabulary matrices, any rope theta, attention and MLP biases.
public final class Llama: LanguageModel {
  public static let modelTypes = ["llama"]
  public let components = Set(Component.allCases)

  public let shape: ModelShape
  public let parameterCount: Int
  public var device: Device { embedding.device }

  private let embedding: Tensor  // [vocabulary, d]
  private let blocks: [Block]
  private let norm: RMSNorm
  private let unembedding: Linear  // [vocabulary, d]; the embedding itself when tied
  private let rotary: RotaryEmbedding

  public init(configuration: JSONReader, weights: WeightLoader) throws {
    let c = try LlamaConfiguration(configuration)
    shape = c.shape
    rotary = RotaryEmbedding(dimension: c.shape.headDim, theta: c.ropeTheta)
    embedding = weights.take("model.embed_tokens.weight", [c.shape.vocabulary, c.shape.hidden])
    blocks = (0..<c.shape.layers).map { Block(c, weights, prefix: "model.layers.\($0).") }
    norm = RMSNorm(weight: weights.take("model.norm.weight", [c.shape.hidden]), epsilon: c.normEpsilon)
    unembedding = Linear(
      weight: c.tied ? embedding : weights.take("lm_head.weight", [c.shape.vocabulary, c.shape.hidden]))
    parameterCount = weights.takenElements
    try weights.finish()
  }

  public func hidden(_ batch: TokenBatch, cache: KVCache?, tap: Tap) throws(TensorError) -> Tensor {
    let ids = try Tensor(batch.tokens.map(Int64.init), on: device)
    let angles = try rotary.angles(at: batch.positions, on: device)
    var h = try embedding.embedding(of: ids)  // [rows, d]
    for (i, block) in blocks.enumerated() {
      h = try block(h, rotary, angles, batch.rows, cache?.layer(i), tap.layer(i))
    }
    return try norm(h)
  }

  public func logits(_ hidden: Tensor) throws(TensorError) -> Tensor {
    try unembedding(hidden)
  }

  public func projection(reading component: Component, layer: Int) -> Projection? {
    let (name, linear): (String, Linear)
    switch component {
    case .headOutput: (name, linear) = ("self_attn.o_proj", blocks[layer].wo)
    case .mlpActivation: (name, linear) = ("mlp.down_proj", blocks[layer].down)
    default: return nil
    }
    let path = "model.layers.\(layer).\(name)"
    return Projection(
      weightName: path + ".weight", biasName: path + ".bias", weight: linear.weight, bias: linear.bias)
  }

  /// `attention_bias` switches the biases of q, k, v and o together, `mlp_bias` those of gate, up and down.
  public func biasCompanions(reading component: Component) -> BiasCompanions {
    let inAttention = component == .headOutput
    let missing = blocks.enumerated().flatMap { layer, block in
      (inAttention ? block.attentionProjections : block.mlpProjections)
        .filter { $0.linear.bias == nil }
        .map { (name: "model.layers.\(layer).\($0.name).bias", size: $0.linear.weight.size(0)) }
    }
    return BiasCompanions(configuration: [inAttention ? "attention_bias" : "mlp_bias": true], zeroBiases: missing)
  }
}

private struct Block {
  let inputNorm: RMSNorm
  let wq, wk, wv, wo: Linear
  let attend: PackedAttention
  let mlpNorm: RMSNorm
  let gate, up, down: Linear
  let heads, kvHeads, headDim: Int

  init(_ c: LlamaConfiguration, _ weights: WeightLoader, prefix: String) {
    let s = c.shape
    (heads, kvHeads, headDim) = (s.heads, s.kvHeads, s.headDim)
    func linear(_ name: String, _ out: Int, _ input: Int, bias: Bool) -> Linear {
      Linear(
        weight: weights.take(prefix + name + ".weight", [out, input]),
        bias: bias ? weights.take(prefix + name + ".bias", [out]) : nil)
    }
    inputNorm = RMSNorm(weight: weights.take(prefix + "input_layernorm.weight", [s.hidden]), epsilon: c.normEpsilon)
    wq = linear("self_attn.q_proj", heads * headDim, s.hidden, bias: c.attentionBias)
    wk = linear("self_attn.k_proj", kvHeads * headDim, s.hidden, bias: c.attentionBias)
    wv = linear("self_attn.v_proj", kvHeads * headDim, s.hidden, bias: c.attentionBias)
    // A folded LoFiT lives in a bias of o_proj that the base configuration does not know of.
    let outputBias = c.attentionBias || weights.has(prefix + "self_attn.o_proj.bias")
    wo = linear("self_attn.o_proj", s.hidden, heads * headDim, bias: outputBias)
    attend = PackedAttention(scale: 1 / Double(headDim).squareRoot())
    mlpNorm = RMSNorm(
      weight: weights.take(prefix + "post_attention_layernorm.weight", [s.hidden]), epsilon: c.normEpsilon)
    gate = linear("mlp.gate_proj", s.intermediate, s.hidden, bias: c.mlpBias)
    up = linear("mlp.up_proj", s.intermediate, s.hidden, bias: c.mlpBias)
    down = linear("mlp.down_proj", s.hidden, s.intermediate, bias: c.mlpBias)
  }

  /// The projections by their names in the checkpoint, as one switch of config.json gives them biases or none.
  var attentionProjections: [(name: String, linear: Linear)] {
    [("self_attn.q_proj", wq), ("self_attn.k_proj", wk), ("self_attn.v_proj", wv), ("self_attn.o_proj", wo)]
  }
  var mlpProjections: [(name: String, linear: Linear)] {
    [("mlp.gate_proj", gate), ("mlp.up_proj", up), ("mlp.down_proj", down)]
  }

  func callAsFunction(
    _ input: Tensor, _ rotary: RotaryEmbedding, _ angles: RotaryEmbedding.Angles, _ sequences: [Range<Int>],
    _ stores: [KeyValueStore]?, _ tap: LayerTap
  ) throws(TensorError) -> Tensor {
    let x = try tap(input, at: .blockInput)
    let n = try inputNorm(x)
    let q = try rotary(split(tap(wq(n), at: .query, from: n), heads), angles)
    let k = try rotary(split(tap(wk(n), at: .key, from: n), kvHeads), angles)
    let v = try split(tap(wv(n), at: .value, from: n), kvHeads)
    let z = try tap(attend(q, k, v, sequences: sequences, stores: stores), at: .headOutput)  // [rows, heads, headDim]
    let merged = try z.reshaped([-1, heads * headDim])
    let a = try tap(wo(merged), at: .attentionOutput, from: merged)
    let h = try x + a
    let m = try mlpNorm(h)
    let u = try tap(gate(m).silu() * up(m), at: .mlpActivation, from: m)
    return try tap(h + tap(down(u), at: .mlpOutput, from: u), at: .blockOutput)
  }

  /// `[rows, heads * headDim]` to `[rows, heads, headDim]`.
  private func split(_ x: Tensor, _ heads: Int) throws(TensorError) -> Tensor {
    try x.reshaped([-1, heads, headDim])
  }
}

/// What config.json says of a Llama; absent keys take the defaults of transformers' `LlamaConfig`.
private struct LlamaConfiguration {
  let shape: ModelShape
  let normEpsilon: Double
  let ropeTheta: Double
  let tied: Bool
  let attentionBias: Bool
  let mlpBias: Bool

  init(_ json: JSONReader) throws {
    let heads = try json.positive("num_attention_heads")
    let kvHeads = try json.positive("num_key_value_heads", default: heads)
    let hidden = try json.positive("hidden_size")
    shape = ModelShape(
      layers: try json.positive("num_hidden_layers"), hidden: hidden, heads: heads, kvHeads: kvHeads,
      headDim: try json.positive("head_dim", default: hidden / heads),
      intermediate: try json.positive("intermediate_size"), vocabulary: try json.positive("vocab_size"),
      contextLength: try json.positive("max_position_embeddings", default: 2048))
    normEpsilon = try json.double(ifPresent: "rms_norm_eps") ?? 1e-6
    ropeTheta = try json.double(ifPresent: "rope_theta") ?? 10_000
    tied = try json.bool(ifPresent: "tie_word_embeddings") ?? false
    attentionBias = try json.bool(ifPresent: "attention_bias") ?? false
    mlpBias = try json.bool(ifPresent: "mlp_bias") ?? false

    guard heads % kvHeads == 0 else {
      throw ModelError.inconsistent(
        problem: "num_attention_heads (\(heads)) must be a multiple of num_key_value_heads (\(kvHeads))",
        source: json.source)
    }
    let activation = try json.string(ifPresent: "hidden_act") ?? "silu"
    guard activation == "silu" else {
      throw ModelError.unsupported(key: "hidden_act", value: activation, source: json.source, supported: "silu")
    }
    if let scaling = try json.reader(ifPresent: "rope_scaling") {
      let kind = try scaling.string(ifPresent: "rope_type") ?? scaling.string(ifPresent: "type") ?? "unnamed"
      guard kind == "default" else {
        throw ModelError.unsupported(key: "rope_scaling", value: kind, source: json.source, supported: "none")
      }
    }
  }
}
