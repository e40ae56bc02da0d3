import Tensors

extension Tensor? {
  /// The input that every output of a linear map comes with, for methods whose targets were checked to be such outputs.
  ///
  /// - Precondition: the site has an input width; the model taps it with its input then.
  var ofLinearMap: Tensor {
    guard let self else { preconditionFailure("a linear map was tapped without its input") }
    return self
  }
}
