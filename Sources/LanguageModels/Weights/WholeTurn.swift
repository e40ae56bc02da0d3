import JSON
import Layers
import Tensors

/// Heads of which a part turns, written as heads that turn whole.
///
/// Rotary embedding pairs dimension i with `i + m/2` among the first m of a head, or with `i + d/2` where all d turn. Reordered
/// queries and keys have the same products, so the first halves of the turning pairs go to the front of a head's first half,
/// the second halves to the front of its second half; and the pairs behind them turn by angles of `1e-30`, that is, not at all.
/// `rope_scaling` says so, for LongRoPE has a divisor for each frequency. Its factor on cosines then meets what does not turn
/// as well, which is divided by it beforehand.
struct WholeTurn {
  private let headDim: Int
  private let turning: Int  // m
  private let theta: Double
  private let scaling: RotaryScaling

  /// `nil` where all of a head turns already.
  init?(_ c: DecoderConfiguration) {
    guard c.rotaryDimension < c.shape.headDim else { return nil }
    (headDim, turning, theta, scaling) = (c.shape.headDim, c.rotaryDimension, c.theta, c.scaling)
  }

  /// What config.json says instead.
  var configuration: JSONObject {
    [
      "partial_rotary_factor": 1.0,
      "rope_scaling": .object([
        "rope_type": "longrope", "short_factor": divisors(long: false), "long_factor": divisors(long: true),
        "attention_factor": .number(scaling.attentionFactor),
      ]),
    ]
  }

  /// `theta^(-2i/d)` over the frequency that pair i has to have.
  private func divisors(long: Bool) -> JSONValue {
    let frequencies = scaling.inverseFrequencies(dimension: turning, theta: theta, long: long)
    let whole = RotaryScaling.none.inverseFrequencies(dimension: headDim, theta: theta, long: false)
    return .array(
      whole.enumerated().map { i, frequency in
        .number(i < frequencies.count ? frequency / frequencies[i] : 1e30)
      })
  }

  /// The projection of queries or keys with the rows of each head in the other order, those that stay divided.
  func reordered(_ projection: StoredLinear) throws(TensorError) -> StoredLinear {
    let half = (headDim / 2, turning / 2)
    let order = (0..<headDim).map { j in
      let (isSecond, i) = (j >= half.0, j % half.0)
      if i < half.1 { return isSecond ? i + half.1 : i }
      return turning + (i - half.1) + (isSecond ? half.0 - half.1 : 0)
    }
    let heads = projection.map.matrix.outputs / headDim
    let rows = (0..<heads).flatMap { head in order.map { Int64(head * headDim + $0) } }
    let index = try Tensor(rows, on: projection.map.matrix.device)
    let factors = rows.map { Int($0) % headDim < turning ? 1 : Float(1 / scaling.attentionFactor) }
    let factor = try Tensor(factors, on: projection.map.matrix.device)
    let bias = try projection.map.bias.map { bias throws(TensorError) in try bias.selected(index) * factor }
    let weight = try projection.map.matrix.tensor().selected(index) * factor.unsqueezed(1)
    return StoredLinear(path: projection.path, map: Linear(weight: weight, bias: bias))
  }
}
