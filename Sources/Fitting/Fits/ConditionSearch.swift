public import Interventions
import LanguageModels
import Tensors

/// Finds the layer and the threshold at which a condition tells two kinds of prompts apart best.
///
/// Every threshold between two neighbouring similarities is tried on every layer and both sides; the F1 of firing on the true
/// prompts counts, then the distance to the nearest similarity, then the lower layer.
///
/// Source: CAST, arXiv 2409.05907, sec. 3.3, which tries thresholds on a grid of steps.
public struct ConditionSearch {
  /// A condition and how well it tells the prompts apart.
  public struct Found {
    /// The condition.
    public let condition: Condition
    /// Harmonic mean of precision and recall, `0...1`.
    public let f1: Double
    /// Distance of the threshold to the nearest similarity.
    public let margin: Double
  }

  /// Tries conditions that differ in layer and vector.
  ///
  /// - Parameters:
  ///   - candidates: one condition a layer; their thresholds and sides do not matter.
  ///   - similarities: of each candidate, one number a prompt.
  ///   - labels: whether the condition is meant to fire, for each prompt.
  /// - Returns: the best condition of each candidate, best first.
  public static func ranked(
    _ candidates: [Condition], similarities: [[Double]], labels: [Bool]
  ) throws(FittingError) -> [Found] {
    guard let first = labels.first, labels.contains(!first) else {
      throw .oneClass(label: labels.first ?? false, count: labels.count)
    }
    return zip(candidates, similarities).map { best($0, $1, labels) }.sorted {
      ($0.f1, $0.margin, -$0.condition.layer) > ($1.f1, $1.margin, -$1.condition.layer)
    }
  }

  private static func best(_ candidate: Condition, _ values: [Double], _ labels: [Bool]) -> Found {
    let sorted = Set(values).sorted()
    var best: Found?
    for i in -1..<sorted.count {
      let threshold: Double
      let margin: Double
      if i < 0 {
        (threshold, margin) = (sorted[0] - 1, 0)
      } else if i + 1 < sorted.count {
        (threshold, margin) = ((sorted[i] + sorted[i + 1]) / 2, (sorted[i + 1] - sorted[i]) / 2)
      } else {
        continue
      }
      for side in Condition.Side.allCases {
        var condition = candidate
        condition.threshold = threshold
        condition.side = side
        let fired = values.map(condition.fires(at:))
        let hits = zip(fired, labels).count { $0 && $1 }
        let wrong = zip(fired, labels).count { $0 != $1 }
        let f1 = Double(2 * hits) / Double(max(1, 2 * hits + wrong))
        if (f1, margin) > (best?.f1 ?? -1, best?.margin ?? -1) {
          best = Found(condition: condition, f1: f1, margin: margin)
        }
      }
    }
    return best ?? Found(condition: candidate, f1: 0, margin: 0)
  }
}
