public import Tensors

extension LanguageModel {
  public func lossSum(_ hidden: Tensor, labels: [Int32]) throws(TensorError) -> Tensor {
    try lossSumTwice(hidden, labels: labels)
  }

  /// The loss of a chunk of rows at a time, whose scores are computed a second time when their gradient is wanted.
  func lossSumTwice(_ hidden: Tensor, labels: [Int32]) throws(TensorError) -> Tensor {
    let chunk = shape.lossRows
    var sums: [Tensor] = []
    for start in stride(from: 0, to: labels.count, by: chunk) {
      let part = start..<min(start + chunk, labels.count)
      let targets = try Tensor(labels[part].map(Int64.init), on: device)
      let sum = try hidden.narrowed(0, part).recomputing { rows throws(TensorError) in
        try self.logits(rows).crossEntropy(targets).sum()
      }
      sums.append(try sum.reshaped([1]))
    }
    return try Tensor.concatenated(sums, along: 0).sum()
  }
}

extension Transformer {
  public func lossSum(_ hidden: Tensor, labels: [Int32]) throws(TensorError) -> Tensor {
    let targets = try Tensor(labels.map(Int64.init), on: device)
    if let sum = try head?.lossSum(hidden, labels: targets, chunk: shape.lossRows) { return sum }
    return try lossSumTwice(hidden, labels: labels)
  }
}
