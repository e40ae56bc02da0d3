import Checkpoints
import Interventions
import Tensors

/// Numbers on their way from one format to another: single precision, row-major.
public struct PlainTensor: Sendable, Equatable {
  /// The name in its part: `weight`.
  public var name: String
  /// Row-major sizes.
  public var shape: [Int]
  /// The elements.
  public var values: [Float]

  /// A tensor from its parts.
  ///
  /// - Precondition: the shape has as many elements as there are values.
  public init(_ name: String, _ shape: [Int], _ values: [Float]) {
    // Beside a size of zero the others may be of any size, whose product alone would overflow.
    let count = shape.contains(0) ? 0 : shape.reduce(1, *)
    precondition(count == values.count, "\(name): \(shape) has not \(values.count) elements")
    self.name = name
    self.shape = shape
    self.values = values
  }

  /// The tensor under another name.
  func named(_ name: String) -> PlainTensor { PlainTensor(name, shape, values) }

  /// The same numbers in another shape of as many elements.
  func reshaped(_ shape: [Int]) -> PlainTensor { PlainTensor(name, shape, values) }

  /// `[a, b]` to `[b, a]`.
  var transposed: PlainTensor {
    let (rows, columns) = (shape[0], shape[1])
    var turned = [Float](repeating: 0, count: values.count)
    for i in 0..<rows { for j in 0..<columns { turned[j * rows + i] = values[i * columns + j] } }
    return PlainTensor(name, [columns, rows], turned)
  }

  /// For a file.
  var writable: WritableTensor { WritableTensor(name: name, shape: shape, floats: values) }

  /// Refuses NaN and infinity.
  func checkFinite(_ file: String) throws(ConversionError) {
    guard values.allSatisfy(\.isFinite) else { throw .notFinite(name: name, file: file) }
  }
}

extension NamedTensor {
  var plain: PlainTensor {
    get throws { PlainTensor(name, tensor.shape, try tensor.values(as: Float.self)) }
  }
}
