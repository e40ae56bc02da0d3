public import LanguageModels
public import Tensors

extension [Adapter] {
  /// The tap of one forward pass with all these adapters, each acting on what those before it left.
  public func tap(for batch: TokenBatch, mode: EditMode = .inference) throws(TensorError) -> Tap {
    var tap = Tap.none
    for adapter in self { tap = tap.followed(by: try adapter.tap(for: batch, mode: mode)) }
    return tap
  }
}
