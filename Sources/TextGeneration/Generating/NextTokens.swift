import LanguageModels
import Tensors

/// What a pass says of the tokens that come next.
struct NextTokens {
  /// int64 `[rows]`: the best token of each, or 0 where nobody wants those; -1 where the row's state was not finite.
  let best: Tensor
  /// `[rows, vocabulary]`.
  let logits: Tensor

  /// From the final hidden states `[rows, d]`; nothing goes by the host.
  init(_ hidden: Tensor, by model: any LanguageModel, wantsBest: Bool) throws(TensorError) {
    logits = try model.logits(hidden)
    let finite = try hidden.rowsFinite()
    let (one, fault) = (try finite.converted(to: .int64), try finite.negated().converted(to: .int64))
    best = try wantsBest ? logits.argmax(along: 1) * one - fault : -fault
  }

  /// The tensors of another such value, as recorded work gives them.
  init(_ tensors: [Tensor]) {
    precondition(tensors.count == 2, "best and logits")
    (best, logits) = (tensors[0], tensors[1])
  }
  var tensors: [Tensor] { [best, logits] }
}
