extension ModelShape {
  /// The shape, if its heads are possible ones.
  ///
  /// - Throws: ``ModelError/inconsistent(problem:source:)``.
  func checked(_ source: String) throws(ModelError) -> ModelShape {
    func refuse(_ problem: String) -> ModelError { .inconsistent(problem: problem, source: source) }
    guard heads % kvHeads == 0 else {
      throw refuse("num_attention_heads (\(heads)) must be a multiple of num_key_value_heads (\(kvHeads))")
    }
    guard headDim > 0 else { throw refuse("\(heads) heads do not fit into a width of \(hidden)") }
    guard headDim <= 1 << 16 else { throw refuse("a head of \(headDim) numbers is wider than any model's") }
    let (width, overflow) = heads.multipliedReportingOverflow(by: headDim)
    guard !overflow, width <= 1 << 28 else {
      throw refuse("\(heads) heads of \(headDim) numbers are wider than any model's")
    }
    return self
  }

  /// The least number of weights that a model of this shape has, as a real number: it need not fit a whole one.
  var leastWeights: Double {
    let attention = Double(heads) * Double(headDim) + Double(kvHeads) * Double(headDim)
    let perLayer = Double(hidden) * (2 * attention + 2 * Double(intermediate))
    return Double(vocabulary) * Double(hidden) + Double(layers) * perLayer
  }
}
