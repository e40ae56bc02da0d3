import LanguageModels
import Tensors

/// A token whose probability is asked for.
struct Prediction {
  /// The row that predicts it: that of the token before.
  let row: Int
  let token: Int32
  let text: Int
  /// Its place in the completion of the text.
  let place: Int
}

extension Sequence<Prediction> {
  /// The rows that predict something, each once; ascending where the predictions are.
  var rows: [Int] {
    reduce(into: []) { rows, prediction in if rows.last != prediction.row { rows.append(prediction.row) } }
  }
}

extension ScoredText {
  /// The tokens of the completion as predictions, by the rows of the text's positions.
  func predictions(of text: Int, row: (Int) -> Int) -> [Prediction] {
    completion.indices.map {
      Prediction(row: row($0 - 1), token: tokens[$0], text: text, place: $0 - boundary)
    }
  }
}

extension LanguageModel {
  /// Log-probabilities of tokens from the hidden states of the rows that predict them, each row once; `predictions` ascend by
  /// rows.
  func logprobs(
    of predictions: [Prediction], in hidden: Tensor
  ) throws(TensorError) -> [(prediction: Prediction, logprob: Double)] {
    /// Rows of the vocabulary projection at a time: 256 x 49,152 scores are 50 MB.
    let projectedRows = 256
    var found: [(prediction: Prediction, logprob: Double)] = []
    found.reserveCapacity(predictions.count)
    var waiting = predictions[...]
    var done = 0
    while !waiting.isEmpty {
      var (row, count): (Int?, Int) = (nil, 0)
      var index: [Int64] = []
      for prediction in waiting {
        if row != prediction.row {
          if count == projectedRows { break }
          (row, count) = (prediction.row, count + 1)
        }
        index.append(Int64((count - 1) * shape.vocabulary + Int(prediction.token)))
      }
      let scores = try logits(hidden.narrowed(0, done..<done + count)).logSoftmax(along: 1)
      let chosen = try scores.reshaped([-1]).selected(Tensor(index, on: device)).values(as: Double.self)
      found += zip(waiting, chosen).map { ($0, $1) }
      waiting = waiting.dropFirst(index.count)
      done += count
    }
    return found
  }
}
