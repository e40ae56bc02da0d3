import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// One way to use one registered method on one model, for the laws that hold for all of them.
///
/// A method that is registered is covered with its default settings on one model of each kind of block, two of them on every
/// model; a row of ``table`` adds ways worth telling apart, on one.
struct MethodCase: Sendable, CustomTestStringConvertible {
  let method: Method
  /// The name of a ``TinyModel``.
  let model: String
  let settings: JSONObject
  /// The components and heads that are edited: `block_output`, `head_attention_value_output[1,3]`; several, divided by `;`.
  let place: String

  /// A residual-stream method and one of heads meet every architecture; what holds for them there holds for the others, whose
  /// edits are rows in, rows out like theirs.
  private static let everywhere: Set = ["loreft", "lofit"]
  private static let oneOfEachBlock = ["llama_gqa_tied", "gpt2", "gemma2", "gpt_neox", "bert"]

  static let table: [String: [(settings: JSONObject, place: String)]] = [
    "loreft": [
      (["rank": 3], "block_output"), (["rank": 1, "activation": "silu"], "mlp_output"),
      (["rank": 2, "dropout": 0.3], "attention_output"), (["subspaces": ["a": [0, 1], "b": [2, 4]]], "block_output"),
    ],
    "direft": [(["rank": 3, "activation": "gelu", "dropout": 0.2], "mlp_output")],
    "noreft": [(["rank": 2, "projection_bias": true, "activation": "relu", "dropout": 0.2], "attention_output")],
    "consreft": [(["rank": 3], "attention_output")],
    "lobireft": [(["rank": 3, "dropout": 0.2], "mlp_output")],
    "direft_orthonormal": [(["rank": 3, "activation": "tanh", "dropout": 0.2], "attention_output")],
    "reft_r1": [(["k": 2, "l1": 0.1, "form": "clamping"], "mlp_output")],
    "lofit": [
      (["part": "scale"], "head_attention_value_output"),
      (["part": "bias"], "head_attention_value_output[1,3]"),
      (["part": "both"], "head_attention_value_output[0,2]"),
    ],
    "jola": [(["deviation": 0.3], "head_attention_value_output[1,3]")],
    "red": [([:], "attention_output"), ([:], "block_output")],
    "bitfit": [([:], "attention_input;mlp_input;block_output")],
    "full": [(["biases": "all"], "attention_output;mlp_up"), (["biases": "none"], "query")],
    "series_adapter": [
      (["bottleneck": 5, "biases": true, "dropout": 0.3], "mlp_output"),
      (["bottleneck": 3, "start": "zero"], "block_output"),
    ],
    "parallel_adapter": [
      (["bottleneck": 4, "biases": true, "activation": "relu", "scaling": 0.5], "attention_output"),
      (["bottleneck": 3, "start": "zero"], "query;value"),
    ],
    "lora": [
      (["rank": 3, "alpha": 6.0, "rslora": true, "rank_pattern": ["value": 2, "1.query": 1]], "query;value"),
      (["rank": 2, "dropout": 0.3], "mlp_output"),
    ],
    "dora": [(["rank": 3], "key;mlp_gate;mlp_up"), (["rank": 2, "dropout": 0.3], "attention_output")],
    "ia3": [([:], "query;attention_output;mlp_output")],
    "vera": [(["rank": 5, "d_initial": 0.5], "mlp_up;mlp_output"), (["rank": 4, "dropout": 0.3], "value")],
    "iti": [(["alpha": 3.5], "head_attention_value_output[1,3]")],
    "steering": [
      (["operator": "piecewise", "coefficient": 2.5], "block_output"),
      (["operator": "projection"], "mlp_activation"), (["normalise": true], "head_attention_value_output[0,2]"),
    ],
    "conditional": [(["operator": "add", "condition_layer": 1, "threshold": 0.2], "mlp_output")],
  ]

  /// Whose edit is another in training: ReFT-r1 moves a sequence by its largest latents there, by one number in use.
  static let othersInTraining: Set = ["reft_r1"]
  /// Whose edit can lie dead for a batch: where no row has a positive latent, no gradient is right.
  static let canBeSilent: Set = ["reft_r1"]

  static var all: [MethodCase] {
    InterventionRegistry.standard.methods.flatMap { method in
      let usual = method.defaultLocations.split(separator: ";").map { location in
        String(location.drop { $0 != "." }.dropFirst().prefix { $0 != "@" })
      }
      let models = everywhere.contains(method.name) ? TinyModel.names : oneOfEachBlock
      return table[method.name, default: []].map {
        MethodCase(method: method, model: TinyModel.names[0], settings: $0.settings, place: $0.place)
      }
        + models.compactMap { model in
          // A plain network has no gate.
          let places = usual.filter { $0 != "mlp_gate" || !["gpt2", "gpt_neox", "bert"].contains(model) }
          if places.isEmpty { return nil }
          return MethodCase(method: method, model: model, settings: [:], place: places.joined(separator: ";"))
        }
    }.filter { !$0.method.prepends }
  }

  /// Where a text that grows is what the whole text is. Not LongRoPE beyond its original context, where a cache no longer
  /// serves: the generator reads such a text again (GeneratorTests).
  static var growing: [MethodCase] {
    all.filter { TinyModel.decoders.contains($0.model) && $0.model != "phi3_longrope" }
  }

  var testDescription: String { "\(method.name) \(JSONValue.object(settings).text) at \(place) of \(model)" }

  /// Whether training draws numbers: dropout, or gates.
  var draws: Bool { method.name == "jola" || settings["dropout"]?.double ?? 0 > 0 }

  func loadModel() throws -> any LanguageModel { try TinyModel.load(model) }

  func plan(layers: String = "all", _ positions: String = "all") throws -> Adapter.Plan {
    Adapter.Plan(
      method: method.name, settings: settings, locations: try Location.list(parsing: line(layers, positions)))
  }

  /// The places in these layers at these positions.
  func line(_ layers: String, _ positions: String) -> String {
    place.split(separator: ";").map { "\(layers).\($0)@\(positions)" }.joined(separator: ";")
  }

  /// A new adapter whose parameters are moved far enough from the start that every edit shows.
  func adapter(
    for model: any LanguageModel, layers: String = "all", _ positions: String = "all", seed: UInt64 = 1
  ) throws -> Adapter {
    let random = try RandomSource(seed: seed)
    let adapter = try Adapter(plan(layers: layers, positions), of: method, for: model, using: random)
    for parameter in adapter.parameters {
      // Long rows sum to more, and to more rounding.
      let isWide = parameter.tensor.shape.count > 1 && parameter.tensor.size(-1) > 64
      let noise = try random.normal(parameter.tensor.shape, deviation: isWide ? 0.05 : 0.3)
      try parameter.tensor.assign(parameter.tensor.detached() + noise)
    }
    return adapter
  }
}

extension LanguageModel {
  /// Logits of every row, or what stands for them where the model scores no vocabulary: hidden states.
  func output(_ batch: TokenBatch, _ tap: Tap, cache: KVCache? = nil) throws -> Tensor {
    let hidden = try hidden(batch, cache: cache, tap: tap)
    return scoresVocabulary ? try logits(hidden) : hidden
  }

  /// Logits of every row, without a graph.
  func scores(_ batch: TokenBatch, _ tap: Tap = .none, cache: KVCache? = nil) throws -> [Float] {
    try withoutGradients { try output(batch, tap, cache: cache).values(as: Float.self) }
  }

  /// Logits of every row as an adapter leaves them.
  func scores(_ batch: TokenBatch, _ adapter: Adapter, cache: KVCache? = nil) throws -> [Float] {
    try withoutGradients { try scores(batch, adapter.tap(for: batch), cache: cache) }
  }

  /// What the components of one layer are, whole, under a tap.
  func recorded(_ sites: [Site], _ batch: TokenBatch, _ tap: Tap) throws -> [[Float]] {
    var tap = tap
    let recorders = sites.map { _ in Recorder() }
    for (site, recorder) in zip(sites, recorders) { tap.place(recorder, at: site, on: .all) }
    _ = try scores(batch, tap)
    return try recorders.map { try #require($0.activations.first).values(as: Float.self) }
  }
}

extension Intervention {
  /// Rows as the intervention leaves them.
  func edited(_ rows: Tensor, _ mode: EditMode = .inference) throws -> Tensor {
    // In two steps: called on the spot, the existential result crashes the compiler (Swift 6.3.1).
    let edit = try edit(mode)
    return try edit(rows, from: nil)
  }
}

/// The largest absolute difference, infinite where the counts differ.
func gap(_ a: [Float], _ b: [Float]) -> Float {
  a.count == b.count ? zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } : .infinity
}

/// Token ids that every tiny model knows.
func someTokens(_ count: Int, seed: Int = 0) -> [Int32] { (0..<count).map { Int32(($0 * 31 + seed * 17 + 5) % 97) } }
