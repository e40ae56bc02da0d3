import JSON
import Layers

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

extension JSONReader {
  /// How many dimensions of a head turn: a share of them that a key gives, all without it.
  func rotaryDimension(headDim: Int, share key: String, default standard: Double = 1) throws -> Int {
    let share = try double(ifPresent: key) ?? standard
    let dimension = share > 0 && share <= 1 ? Int((Double(headDim) * share).rounded(.down)) : 0
    guard dimension % 2 == 0, dimension > 0 else {
      throw ModelError.inconsistent(
        problem: "'\(key)' \(share) of a head of \(headDim) is no even number of dimensions", source: source)
    }
    return dimension
  }

  /// `rope_scaling`, as transformers reads it.
  ///
  /// - Throws: ``ModelError/unsupported(key:value:source:supported:)`` for a kind that is not computed here.
  func rotaryScaling(dimension: Int, contextLength: Int) throws -> RotaryScaling {
    guard let json = try reader(ifPresent: "rope_scaling") else { return .none }
    let kind = try json.string(ifPresent: "rope_type") ?? json.string(ifPresent: "type") ?? ""
    func original() throws -> Int {
      try json.positive("original_max_position_embeddings", default: contextLength)
    }
    switch kind {
    case "default": return .none
    case "linear": return .linear(factor: try json.atLeastOne("factor"))
    case "llama3":
      return .llama3(
        factor: try json.atLeastOne("factor"), lowFrequency: try json.double("low_freq_factor"),
        highFrequency: try json.double("high_freq_factor"), originalContext: try original())
    case "yarn": return .yarn(try json.yarn(originalContext: original()))
    // Early Phi-3 checkpoints say `su` and mean the same.
    case "longrope", "su":
      let own = try positive("original_max_position_embeddings", default: original())
      return try json.longRope(dimension: dimension, originalContext: own, contextLength: contextLength)
    case "factors": return .factors(try json.divisors("factors", dimension: dimension))
    default:
      throw ModelError.unsupported(
        key: "rope_scaling", value: "'\(kind)'", source: source,
        supported: RotaryScaling.kinds.joined(separator: ", "))
    }
  }

  private func atLeastOne(_ key: String) throws -> Double {
    let value = try double(key)
    guard value >= 1 else {
      throw JSONError.type(key: key, expected: "a number of at least 1", got: "\(value)", source: source)
    }
    return value
  }

  private func yarn(originalContext: Int) throws -> RotaryScaling.Yarn {
    let factor = try atLeastOne("factor")
    /// How much warmer the attention gets, as the paper found it for a stretch of this size.
    func warmth(_ scale: Double = 1) -> Double { factor <= 1 ? 1 : 0.1 * scale * log(factor) + 1 }
    let scale = try double(ifPresent: "mscale") ?? 0
    let scaleOfAll = try double(ifPresent: "mscale_all_dim") ?? 0
    let inferred = scale != 0 && scaleOfAll != 0 ? warmth(scale) / warmth(scaleOfAll) : warmth()
    return RotaryScaling.Yarn(
      factor: factor, originalContext: originalContext, betaFast: try above(zero: "beta_fast", default: 32),
      betaSlow: try above(zero: "beta_slow", default: 1), truncates: try bool(ifPresent: "truncate") ?? true,
      attentionFactor: try double(ifPresent: "attention_factor") ?? inferred)
  }

  private func longRope(dimension: Int, originalContext: Int, contextLength: Int) throws -> RotaryScaling {
    let stretch = Double(contextLength) / Double(originalContext)
    let inferred = stretch <= 1 ? 1 : (1 + log(stretch) / log(Double(originalContext))).squareRoot()
    return .longRope(
      short: try divisors("short_factor", dimension: dimension),
      long: try divisors("long_factor", dimension: dimension), originalContext: originalContext,
      attentionFactor: try double(ifPresent: "attention_factor") ?? inferred)
  }

  /// One positive number for each of the `dimension / 2` frequencies.
  private func divisors(_ key: String, dimension: Int) throws -> [Double] {
    let items = try array(key)
    let values = items.compactMap(\.double).filter { $0 > 0 }
    guard items.count == dimension / 2, values.count == items.count else {
      throw JSONError.type(
        key: key, expected: "\(dimension / 2) numbers above zero",
        got: items.count == values.count ? "\(items.count) of them" : "\(values.count) such among \(items.count) items",
        source: source)
    }
    return values
  }
}
