public import Tensors

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Rotary position embedding (arXiv 2104.09864) in the half-split layout of the published Llama checkpoints.
///
/// Dimension pairs `(i, i + d/2)` turn by the angle `position * theta^(-2i/d)`.
public struct RotaryEmbedding {
  private let inverseFrequencies: [Float]

  /// The table of the `dimension / 2` frequencies, in float32 as transformers keeps them.
  ///
  /// - Parameters:
  ///   - dimension: width of one head, even.
  ///   - theta: base of the frequencies (`rope_theta`).
  public init(dimension: Int, theta: Double) {
    inverseFrequencies = stride(from: 0, to: dimension, by: 2).map {
      Float(1 / pow(theta, Double($0) / Double(dimension)))
    }
  }

  /// Cosines and sines of the rows of one batch, `[rows, 1, headDim]` each; made once a forward pass for all layers.
  public struct Angles {
    let cosine: Tensor
    let sine: Tensor
  }

  /// The angles of rows that stand at these absolute positions.
  public func angles(at positions: [Int], on device: Device) throws(TensorError) -> Angles {
    let half = inverseFrequencies.count
    var angles = [Float]()
    angles.reserveCapacity(positions.count * half * 2)
    for position in positions {
      for _ in 0..<2 {
        for frequency in inverseFrequencies { angles.append(Float(position) * frequency) }
      }
    }
    let table = try Tensor(angles, shape: [positions.count, 1, half * 2], on: device)
    return Angles(cosine: try table.cos(), sine: try table.sin())
  }

  /// Turns queries or keys `[rows, heads, headDim]`: `x cos + rotateHalf(x) sin`.
  public func callAsFunction(_ x: Tensor, _ angles: Angles) throws(TensorError) -> Tensor {
    let half = inverseFrequencies.count
    let low = try x.narrowed(2, 0..<half)
    let high = try x.narrowed(2, half..<half * 2)
    let rotated = try Tensor.concatenated([-high, low], along: 2)
    return try x * angles.cosine + rotated * angles.sine
  }
}
