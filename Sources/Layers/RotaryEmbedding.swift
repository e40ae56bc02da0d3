public import Tensors

/// Rotary position embedding (arXiv 2104.09864) in the half-split layout of the published Llama checkpoints.
///
/// Dimension pairs `(i, i + m/2)` of the first `m` dimensions of a head turn by the angle `position * theta^(-2i/m)`; the
/// dimensions behind `m` stay as they are.
public final class RotaryEmbedding {
  /// m: how many dimensions of a head turn.
  public let dimension: Int
  private let scaling: RotaryScaling
  private let frequencies: [Float]
  private let longFrequencies: [Float]

  /// The table of the `dimension / 2` frequencies, in float32 as transformers keeps them.
  ///
  /// - Parameters:
  ///   - dimension: how many dimensions of a head turn, even; the head's width as a rule.
  ///   - theta: base of the frequencies (`rope_theta`).
  ///   - scaling: what is done to them for long contexts.
  public init(dimension: Int, theta: Double, scaling: RotaryScaling = .none) {
    self.dimension = dimension
    self.scaling = scaling
    frequencies = scaling.inverseFrequencies(dimension: dimension, theta: theta, long: false).map { Float($0) }
    longFrequencies = scaling.inverseFrequencies(dimension: dimension, theta: theta, long: true).map { Float($0) }
  }

  /// The longest sequence whose rows turn by one set of frequencies; a longer one turns all its rows by another (LongRoPE).
  public var commonLength: Int? {
    if case .longRope(_, _, let original, _) = scaling { return original }
    return nil
  }

  /// Cosines and sines of the rows of one batch, `[rows, 1, dimension]` each; made once a forward pass for all layers.
  public struct Angles {
    let cosine: Tensor
    let sine: Tensor
  }

  /// A run of rows of one sequence.
  public struct Run {
    /// Absolute positions of the rows.
    public let positions: Range<Int>
    /// Tokens of the whole sequence as far as they are known; LongRoPE chooses its frequencies by it.
    public let sequenceLength: Int

    /// A run of rows at these positions.
    public init(positions: Range<Int>, sequenceLength: Int) {
      self.positions = positions
      self.sequenceLength = sequenceLength
    }
  }

  /// The angles of packed rows.
  ///
  /// - Parameter dtype: the type of what turns by them; sines and cosines are computed in float32 in any case.
  public func angles(
    of runs: [Run], on device: Device, as dtype: DType = .float32
  ) throws(TensorError) -> Angles {
    let rows = runs.reduce(0) { $0 + $1.positions.count }
    var angles = [Float]()
    angles.reserveCapacity(rows * dimension)
    for run in runs {
      let table = scaling.isLong(run.sequenceLength) ? longFrequencies : frequencies
      for position in run.positions {
        for _ in 0..<2 {
          for frequency in table { angles.append(Float(position) * frequency) }
        }
      }
    }
    return try turns(Tensor(angles, shape: [rows, 1, dimension], on: device), as: dtype)
  }

  /// The frequencies of a head's dimensions, `[1, 1, dimension]`, of texts that are not longer than ``commonLength``.
  public func frequencyTable(on device: Device) throws(TensorError) -> Tensor {
    try Tensor(frequencies + frequencies, shape: [1, 1, dimension], on: device)
  }

  /// The angles of rows whose positions the device alone knows, as ``angles(of:on:as:)`` has them.
  ///
  /// - Parameters:
  ///   - positions: int64 `[rows]`.
  ///   - table: what ``frequencyTable(on:)`` gave.
  public func angles(at positions: Tensor, by table: Tensor, as dtype: DType) throws(TensorError) -> Angles {
    try turns(positions.converted(to: .float32).reshaped([-1, 1, 1]) * table, as: dtype)
  }

  private func turns(_ table: Tensor, as dtype: DType) throws(TensorError) -> Angles {
    let factor = scaling.attentionFactor
    let (cosine, sine) = (try table.cos(), try table.sin())
    func finished(_ table: Tensor) throws(TensorError) -> Tensor {
      let scaled = factor == 1 ? table : try table * factor
      return dtype == .float32 ? scaled : try scaled.converted(to: dtype)
    }
    return Angles(cosine: try finished(cosine), sine: try finished(sine))
  }

  /// Turns queries or keys `[rows, heads, headDim]`: `x cos + rotateHalf(x) sin`.
  public func callAsFunction(_ x: Tensor, _ angles: Angles) throws(TensorError) -> Tensor {
    try x.turned(cosine: angles.cosine, sine: angles.sine)
  }
}
