import LanguageModels
import Tensors

/// A token whose probability is asked for.
struct Prediction {
  /// The row that predicts it: that of the token before.
  var row: Int
  let token: Int32
  let text: Int
  /// Its place in the completion of the text.
  let place: Int

  /// The same where its batch begins at another row.
  func shifted(by rows: Int) -> Prediction {
    var moved = self
    moved.row += rows
    return moved
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
  /// Log-probabilities of tokens from the hidden states of their batch; `predictions` ascend by rows.
  ///
  /// A row is projected once, whatever is predicted from it.
  func logprobs(
    of predictions: [Prediction], in hidden: Tensor
  ) throws(TensorError) -> [(prediction: Prediction, logprob: Double)] {
    /// Rows of the vocabulary projection at a time: 64 x 49,152 scores are 13 MB.
    let projectedRows = 64
    var found: [(prediction: Prediction, logprob: Double)] = []
    found.reserveCapacity(predictions.count)
    var waiting = predictions[...]
    while !waiting.isEmpty {
      var rows: [Int64] = []
      var index: [Int64] = []
      for prediction in waiting {
        if rows.last != Int64(prediction.row) {
          if rows.count == projectedRows { break }
          rows.append(Int64(prediction.row))
        }
        index.append(Int64((rows.count - 1) * shape.vocabulary + Int(prediction.token)))
      }
      let scores = try logits(hidden.selected(Tensor(rows, on: device))).logSoftmax(along: 1)
      let chosen = try scores.reshaped([-1]).selected(Tensor(index, on: device)).values(as: Double.self)
      found += zip(waiting, chosen).map { ($0, $1) }
      waiting = waiting.dropFirst(index.count)
    }
    return found
  }
}
