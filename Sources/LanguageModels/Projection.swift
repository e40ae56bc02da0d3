public import JSON
public import Tensors

/// A linear map of the model by its names in the checkpoint, for folding an edit into it.
public struct Projection {
  /// Hugging Face names of the weight and of the bias it has or could have.
  public let weightName, biasName: String
  /// `[out, in]`.
  public let weight: Tensor
  /// `[out]`, where the model has one.
  public let bias: Tensor?

  /// A projection by its names and tensors, which are shared, not copied.
  public init(weightName: String, biasName: String, weight: Tensor, bias: Tensor?) {
    self.weightName = weightName
    self.biasName = biasName
    self.weight = weight
    self.bias = bias
  }
}

/// What a checkpoint needs besides one new bias so that other libraries read it: Hugging Face has one switch for the
/// biases of several projections, so those that stay without get zeros.
public struct BiasCompanions: Sendable {
  /// Changes to config.json.
  public let configuration: JSONObject
  /// Names and sizes of biases that must exist and that the model does not have: zeros.
  public let zeroBiases: [(name: String, size: Int)]

  /// What one component's biases need beside them; empty where nothing is missing.
  public init(configuration: JSONObject, zeroBiases: [(name: String, size: Int)]) {
    self.configuration = configuration
    self.zeroBiases = zeroBiases
  }
}
