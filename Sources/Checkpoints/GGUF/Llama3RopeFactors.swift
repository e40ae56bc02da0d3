#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif
import JSON

/// The factors by which Llama 3.1 and its successors divide rotary frequencies, and the four numbers that they come from.
///
/// With the wavelength w = 2 pi / f of a frequency f = theta^(-2 i / d) and the original context n: the factor is 1 where
/// w < n / high, `factor` where w > n / low, and in between 1 / ((1 - s) / factor + s) with s = (n / w - low) / (high - low)
/// (transformers' `modeling_rope_utils.py`, `_compute_llama3_parameters`; convert_hf_to_gguf.py writes the factors alone).
enum Llama3RopeFactors {
  // Every published model of this kind has these three; `factor` is 8 for 3.1 and 3.3, 32 for 3.2.
  static let low = 1.0
  static let high = 4.0
  static let originalContext = 8192

  /// The factors for a rotary dimension and a base.
  static func factors(factor: Double, theta: Double, rotaryDimension: Int) -> [Double] {
    let context = Double(originalContext)
    return stride(from: 0, to: rotaryDimension - 1, by: 2).map { i in
      let wavelength = 2 * Double.pi * pow(theta, Double(i) / Double(rotaryDimension))
      if wavelength < context / high { return 1 }
      if wavelength > context / low { return factor }
      let smooth = (context / wavelength - low) / (high - low)
      return 1 / ((1 - smooth) / factor + smooth)
    }
  }

  /// The `rope_scaling` of config.json that stands for stored factors: `llama3` where they are its, within what single
  /// precision rounds; else the factors themselves, under the name `factors`; `nil` where all are 1.
  static func scaling(_ stored: [Float], theta: Double, rotaryDimension: Int) -> JSONObject? {
    guard let factor = stored.max(), stored.contains(where: { $0 != 1 }) else { return nil }
    let expected = factors(factor: GGUFValue.shortest(factor), theta: theta, rotaryDimension: rotaryDimension)
    let same = expected.count == stored.count && zip(expected, stored).allSatisfy { abs($0 - Double($1)) <= 1e-4 * $0 }
    if same {
      return [
        "rope_type": "llama3", "factor": .number(GGUFValue.shortest(factor)), "low_freq_factor": .number(low),
        "high_freq_factor": .number(high), "original_max_position_embeddings": .integer(originalContext),
      ]
    }
    return ["rope_type": "factors", "factors": .array(stored.map { .number(GGUFValue.shortest($0)) })]
  }
}
