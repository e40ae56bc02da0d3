import Foundation
import Training

extension EpochMetrics {
  /// `epoch 3  loss 0.512  validation 0.640  best`.
  var line: String {
    let validation = validationLoss.map { String(format: "  validation %.4f", $0) } ?? ""
    let mark = validationLoss != nil && isBest ? "  best" : ""
    return String(format: "epoch %d  loss %.4f", epoch, loss) + validation + mark
  }
}
