import ArgumentParser
import Fitting
import Interventions
import LanguageModels
import Pretrained
import Tasks
import Tensors

/// What heads are ranked by: LoFiT's own choice and those it is compared with (arXiv 2406.01563, sec. 6).
enum HeadChoice: String, CaseIterable, ExpressibleByArgument {
  case scale, bias, probe, random

  /// What of LoFiT is trained to rank by; nil where nothing is trained.
  var part: String? { self == .scale || self == .bias ? rawValue : nil }

  /// What the scores are.
  var measure: String {
    switch self {
    case .scale: "‖A‖"
    case .bias: "‖v‖"
    case .probe: "accuracy"
    case .random: "random"
    }
  }

  /// What a map of the scores is called.
  var title: String {
    switch self {
    case .scale: "Heads by the norm of their learned scale"
    case .bias: "Heads by the norm of their learned offset"
    case .probe: "Heads by the accuracy of their probe"
    case .random: "Heads in random order"
    }
  }

  /// Ranks heads without training.
  ///
  /// - Parameter statements: labelled texts for probes.
  func ranking(_ opened: PretrainedModel, _ statements: Statements?, seed: Int) throws -> HeadRanking {
    let shape = opened.model.shape
    guard let statements else {
      let draws = try RandomSource(seed: UInt64(bitPattern: Int64(seed))).uniform(
        [shape.layers * shape.heads], in: 0..<1)
      return HeadRanking(
        try draws.values(as: Double.self).enumerated().map {
          .init(layer: $0 / shape.heads, head: $0 % shape.heads, score: $1)
        })
    }
    let reading = ProgressMeter("reading texts", total: Double(statements.items.count), unit: "texts")
    let data = try LabelledActivations(
      statements, tokenizer: opened.tokenizer, model: opened.model, at: LabelledActivations.headSites(of: shape)
    ) { reading.update(Double($0)) }
    reading.finish()
    let fold = try Fold.folds(of: data.groups, count: 1, seed: seed)[0]
    let probing = ProgressMeter("probing heads", total: Double(shape.layers * shape.heads), unit: "heads")
    let ranking = try InferenceTimeFit(data, shape: shape).ranking(fold) { probing.update(Double($0)) }
    probing.finish()
    return ranking
  }
}
