public import JSON
import LanguageModels
public import Tensors

/// Prefix tuning: n learned keys and n learned values before those of the text, in every layer.
///
/// `P_k, P_v [n, kvHeads * headDim]` a layer, as the keys and values of n tokens before the first; they are not turned by
/// rotary positions, and the text's positions go on behind them. With reparametrisation they are computed by one network of two
/// layers: `P = tanh(E W1^T + b1) W2^T + b2`, E `[n, kvHeads * headDim]`, of which inference needs P alone.
///
/// Source: arXiv 2101.00190, sections 4.2 and 4.3; peft `PrefixEncoder`, initialised as there: E (or P) normal, the linear
/// layers as torch's. Under grouped-query attention the prefix has the key-value heads.
/// Deviations: the prefix stands before the text of every sequence by its true length, without a mask for padding; a strength s
/// at run time makes its attention s times as heavy.
public final class PrefixTuning: Prepending {
  /// The settings of prefix tuning.
  public struct Configuration: MethodConfiguration {
    /// n; 10 as in LLM-Adapters, whose prefix numbers the ReFT paper quotes.
    public var tokens: Int
    /// Whether a network computes the prefix in training.
    public var reparametrised: Bool
    /// Width of that network's hidden layer; the width of the keys where it is nil, as peft has it.
    public var width: Int?

    /// Settings that are not checked; ``init(_:)`` refuses counts below 1.
    public init(tokens: Int = 10, reparametrised: Bool = false, width: Int? = nil) {
      self.tokens = tokens
      self.reparametrised = reparametrised
      self.width = width
    }

    public init(_ json: JSONReader) throws {
      try json.allow(only: ["tokens", "reparametrised", "width"])
      tokens = try json.int(ifPresent: "tokens") ?? 10
      reparametrised = try json.bool(ifPresent: "reparametrised") ?? false
      width = try json.int(ifPresent: "width")
      for (key, value) in [("tokens", tokens), ("width", width ?? 1)] where value < 1 {
        throw AdapterError.setting(key: key, expected: "above zero", got: "\(value)", method: PrefixTuning.method)
      }
    }

    public var json: JSONObject {
      [
        "tokens": .integer(tokens), "reparametrised": .bool(reparametrised),
        "width": width.map(JSONValue.integer) ?? .null,
      ]
    }
  }

  public static let method = "prefix_tuning"
  public static let summary = "learned keys and values before those of the text, in every layer"
  public static let reference = "prefix tuning, arXiv 2101.00190"
  public static let defaultLocations = "all.key;all.value"
  public static let whyNotFoldable = "what it puts before the text is no weight"

  private let source: Source

  /// Where the rows come from.
  private enum Source {
    case rows(Tensor)
    case network(Network)
  }

  /// `tanh(E W1^T + b1) W2^T + b2`; E, W1 and b1 are common to all layers, and listed by the first.
  private struct Network {
    let embedding, weight, bias: Tensor
    let ownWeight, ownBias: Tensor
    let isFirst: Bool

    var shared: [NamedTensor] {
      isFirst
        ? [NamedTensor("embedding", embedding), NamedTensor("hidden_weight", weight), NamedTensor("hidden_bias", bias)]
        : []
    }
    var parameters: [NamedTensor] { shared + [NamedTensor("weight", ownWeight), NamedTensor("bias", ownBias)] }

    func rows() throws(TensorError) -> Tensor {
      try embedding.linear(weight, bias: bias).tanh().linear(ownWeight, bias: ownBias)
    }
  }

  public init(_ configuration: Configuration, on target: Target, using random: RandomSource) throws {
    try Self.check(target)
    let (n, d) = (configuration.tokens, target.width)
    guard configuration.reparametrised else {
      source = .rows(try random.normal([n, d]))
      try makeTrainable()
      return
    }
    let wide = configuration.width ?? d
    func linear(_ shape: [Int], inputs: Int) throws -> Tensor {
      let bound = 1 / Double(inputs).squareRoot()  // torch.nn.Linear's default
      return try random.uniform(shape, in: -bound..<bound)
    }
    source = .network(
      Network(
        embedding: try target.shared("prefix.embedding") { try random.normal([n, d]) },
        weight: try target.shared("prefix.weight") { try linear([wide, d], inputs: d) },
        bias: try target.shared("prefix.bias") { try linear([wide], inputs: d) },
        ownWeight: try linear([d, wide], inputs: wide), ownBias: try linear([d], inputs: wide),
        isFirst: target.peers.first == target.site))
    try makeTrainable()
  }

  public init(_ configuration: Configuration, on target: Target, restoring tensors: SavedTensors) throws {
    try Self.check(target)
    let (n, d) = (configuration.tokens, target.width)
    if tensors.has("rows") {
      source = .rows(try tensors.take("rows", [n, d]))
    } else {
      let wide = configuration.width ?? d
      source = .network(
        Network(
          embedding: try target.shared("prefix.embedding") { try tensors.take("embedding", [n, d]) },
          weight: try target.shared("prefix.weight") { try tensors.take("hidden_weight", [wide, d]) },
          bias: try target.shared("prefix.bias") { try tensors.take("hidden_bias", [wide]) },
          ownWeight: try tensors.take("weight", [d, wide]), ownBias: try tensors.take("bias", [d]),
          isFirst: target.peers.first == target.site))
    }
    try makeTrainable()
  }

  /// Keys and values belong together, once a layer.
  private static func check(_ target: Target) throws {
    let (layer, component) = (target.site.layer, target.site.component)
    let sites = [Site(layer: layer, component: .key), Site(layer: layer, component: .value)]
    guard component == .key || component == .value, sites.allSatisfy({ site in target.peers.count { $0 == site } == 1 })
    else {
      throw AdapterError.site(
        method: method, component: component.rawValue, expected: "key and value of the same layers, each once")
    }
  }

  private func makeTrainable() throws(TensorError) {
    for parameter in parameters { try parameter.tensor.setRequiresGradient(true) }
  }

  public var parameters: [NamedTensor] {
    switch source {
    case .rows(let rows): [NamedTensor("rows", rows)]
    case .network(let network): network.parameters
    }
  }

  public func rows(_ mode: EditMode) throws(TensorError) -> Tensor {
    switch source {
    case .rows(let rows): rows
    case .network(let network): try network.rows()
    }
  }

  /// `rows` P `[n, kvHeads * headDim]`: the network is not kept.
  public func saved() throws(TensorError) -> [NamedTensor] {
    let rows = try withoutGradients { () throws(TensorError) in try self.rows(.inference).detached() }
    return [NamedTensor("rows", rows)]
  }

  public func trainingState() throws(TensorError) -> [NamedTensor] {
    var state: [NamedTensor] = []
    for parameter in parameters { state.append(NamedTensor(parameter.name, try parameter.tensor.detached())) }
    return state
  }
}
