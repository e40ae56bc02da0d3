#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

/// How the frequencies of a rotary embedding are changed so that a model reaches beyond the context it was trained on.
///
/// Names and formulas are those of `rope_scaling` in config.json (transformers `modeling_rope_utils.py`).
public enum RotaryScaling: Sendable, Equatable {
  /// The frequencies as they are.
  case none
  /// Every frequency divided by `factor` (position interpolation, arXiv 2306.15595).
  case linear(factor: Double)
  /// Long wavelengths divided by `factor`, short ones kept, those between blended (Llama 3.1, arXiv 2407.21783).
  case llama3(factor: Double, lowFrequency: Double, highFrequency: Double, originalContext: Int)
  /// The same idea on a ramp over the dimensions, with warmer attention (YaRN, arXiv 2309.00071).
  case yarn(Yarn)
  /// One divisor a frequency, another set for sequences longer than `originalContext` (LongRoPE, arXiv 2402.13753).
  case longRope(short: [Double], long: [Double], originalContext: Int, attentionFactor: Double)
  /// One divisor a frequency, as GGUF files carry them.
  case factors([Double])

  /// The settings of YaRN.
  public struct Yarn: Sendable, Equatable {
    /// By how much long wavelengths are stretched.
    public var factor: Double
    /// Tokens the model was trained on.
    public var originalContext: Int
    /// Rotations over the original context above which a frequency is kept, and below which it is stretched.
    public var betaFast, betaSlow: Double
    /// Whether the ends of the ramp are whole dimensions.
    public var truncates: Bool
    /// The factor on cosines and sines.
    public var attentionFactor: Double

    /// Settings as config.json has them, defaults filled in.
    public init(
      factor: Double, originalContext: Int, betaFast: Double, betaSlow: Double, truncates: Bool, attentionFactor: Double
    ) {
      self.factor = factor
      self.originalContext = originalContext
      self.betaFast = betaFast
      self.betaSlow = betaSlow
      self.truncates = truncates
      self.attentionFactor = attentionFactor
    }
  }

  /// The values of `rope_type` that are computed, `factors` being that of GGUF files.
  public static let kinds = ["default", "linear", "llama3", "yarn", "longrope", "factors"]

  /// The factor on cosines and sines; 1 for all kinds but YaRN and LongRoPE.
  public var attentionFactor: Double {
    switch self {
    case .none, .linear, .llama3, .factors: 1
    case .yarn(let yarn): yarn.attentionFactor
    case .longRope(_, _, _, let factor): factor
    }
  }

  /// Whether a sequence of this length takes the second set of frequencies.
  func isLong(_ length: Int) -> Bool {
    if case .longRope(_, _, let original, _) = self { return length > original }
    return false
  }

  /// `theta^(-2i / dimension)` for `i < dimension / 2`, changed as this scaling does.
  ///
  /// - Parameter long: whether the frequencies of sequences beyond the original context are meant (LongRoPE).
  public func inverseFrequencies(dimension: Int, theta: Double, long: Bool) -> [Double] {
    let plain = stride(from: 0, to: dimension, by: 2).map { pow(theta, -Double($0) / Double(dimension)) }
    switch self {
    case .none: return plain
    case .linear(let factor): return plain.map { $0 / factor }
    case .factors(let divisors): return zip(plain, divisors).map { $0 / $1 }
    case .longRope(let shortDivisors, let longDivisors, _, _):
      return zip(plain, long ? longDivisors : shortDivisors).map { $0 / $1 }
    case .llama3(let factor, let low, let high, let original):
      return plain.map { frequency in
        let turns = Double(original) * frequency / (2 * .pi)  // original context / wavelength
        if turns < low { return frequency / factor }
        if turns > high { return frequency }
        let blend = (turns - low) / (high - low)
        return (1 - blend) * frequency / factor + blend * frequency
      }
    case .yarn(let yarn):
      // The dimension at which `turns` rotations fit into the original context.
      func dimensionOf(_ turns: Double) -> Double {
        Double(dimension) * log(Double(yarn.originalContext) / (turns * 2 * .pi)) / (2 * log(theta))
      }
      var low = dimensionOf(yarn.betaFast)
      var high = dimensionOf(yarn.betaSlow)
      if yarn.truncates { (low, high) = (low.rounded(.down), high.rounded(.up)) }
      (low, high) = (max(low, 0), min(high, Double(dimension - 1)))
      if low == high { high += 0.001 }  // as the reference does, against a division by zero
      return plain.enumerated().map { i, frequency in
        let stretched = min(max((Double(i) - low) / (high - low), 0), 1)
        return frequency / yarn.factor * stretched + frequency * (1 - stretched)
      }
    }
  }
}
