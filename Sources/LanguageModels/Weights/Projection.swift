public import JSON
public import Tensors

/// A linear map of the model by its names in the checkpoint, for folding an edit into it.
public struct Projection {
  /// Hugging Face names of the weight and of the bias it has or could have.
  public let weightName, biasName: String
  /// `[out, in]`.
  public let matrix: WeightMatrix
  /// `[out]`, where the model has one.
  public let bias: Tensor?
  /// Whether the checkpoint holds the weight as `[in, out]` (GPT-2's `Conv1D`).
  public let isTransposed: Bool

  /// A projection by its names and tensors, which are shared, not copied.
  public init(
    weightName: String, biasName: String, matrix: WeightMatrix, bias: Tensor?, isTransposed: Bool = false
  ) {
    self.weightName = weightName
    self.biasName = biasName
    self.matrix = matrix
    self.bias = bias
    self.isTransposed = isTransposed
  }

  /// The matrix as a tensor: the same one as long as somebody holds it.
  public var weight: Tensor {
    get throws(TensorError) { try matrix.tensor() }
  }

  /// The same projection with another weight and bias; its own ``weight`` leaves the matrix as it is stored.
  public func replacing(weight: Tensor, bias: Tensor?) throws(TensorError) -> Projection {
    let matrix = try weight === self.weight ? matrix : .plain(weight)
    return Projection(
      weightName: weightName, biasName: biasName, matrix: matrix, bias: bias, isTransposed: isTransposed)
  }

  /// The weight as the checkpoint holds it.
  public var storedWeight: Tensor {
    get throws(TensorError) { isTransposed ? try weight.transposed().contiguous() : try weight }
  }
}

/// What a checkpoint needs besides one new bias so that other libraries read it.
///
/// transformers has one switch for the biases of several projections, so those that stay without get zeros; and an
/// architecture without such a switch is written as another one that computes the same and has it.
public struct BiasCompanions {
  /// Changes to config.json.
  public var configuration: JSONObject = [:]
  /// Names and sizes of biases that must exist and that the model does not have: zeros.
  public var zeroBiases: [(name: String, size: Int)] = []
  /// Tensors of the other architecture in place of those of ``removed``.
  public var added: [(name: String, tensor: Tensor)] = []
  /// Names of tensors that the other architecture does not have.
  public var removed: [String] = []

  /// Nothing is missing.
  public init() {}
}
