public import Interventions
public import LanguageModels
public import Tasks
import Tensors
public import Tokenization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// How well a model tells true texts from false ones, judged by texts that nothing was fitted on.
///
/// The texts of a group share a beginning (the question); what follows is scored by its log-probability. As TruthfulQA's
/// multiple-choice measures: mc1, the share of groups whose most probable text is a true one; mc2, the mean share of probability
/// that true texts have. The loss on true texts says what the edit costs: a model that no longer writes language is not truthful.
public struct HeldOutScore: Sendable, Equatable {
  /// Share of groups whose most probable text is true; of equals the first counts.
  public let mc1: Double
  /// Mean share of probability of the true texts.
  public let mc2: Double
  /// Mean negative log-likelihood of a token of the true texts, in nats.
  public let loss: Double
  /// Groups that have both true and false texts; the others do not count.
  public let groups: Int

  /// A score from its numbers.
  public init(mc1: Double, mc2: Double, loss: Double, groups: Int) {
    self.mc1 = mc1
    self.mc2 = mc2
    self.loss = loss
    self.groups = groups
  }

  /// The mean of several folds, each weighed by its groups.
  public init(mean scores: [HeldOutScore]) {
    let total = scores.reduce(0) { $0 + $1.groups }
    func mean(_ value: (HeldOutScore) -> Double) -> Double {
      scores.reduce(0) { $0 + value($1) * Double($1.groups) } / Double(max(1, total))
    }
    self.init(mc1: mean(\.mc1), mc2: mean(\.mc2), loss: mean(\.loss), groups: total)
  }
}

/// Scores texts that were held out.
public struct HeldOutScorer {
  private struct Item {
    let tokens: [Int32]
    let shared: Int
    let label: Bool
  }

  private let model: any LanguageModel
  private let groups: [[Item]]

  /// A scorer of the groups of some texts that have both labels.
  ///
  /// - Parameter texts: the indices of the texts that were held out.
  /// - Throws: ``FittingError`` for texts that cannot be read, and where no group has both labels.
  public init(_ statements: Statements, of texts: [Int], tokenizer: Tokenizer, model: any LanguageModel) throws {
    try model.checkContinuesTexts()
    self.model = model
    let byGroup = Dictionary(grouping: texts.sorted()) { statements.items[$0].group }
    groups = try byGroup.keys.sorted().compactMap { group in
      let members = byGroup[group, default: []].map { statements.items[$0] }
      guard Set(members.map(\.label)).count == 2 else { return nil }
      let tokens = try members.map { statement in
        let ids = tokenizer.encode(statement.text).ids
        guard ids.count >= 2 else { throw FittingError.emptyText(source: statement.source) }
        return ids
      }
      // What all begin with, but at least one token, and never all of a text.
      var shared = 1
      let shortest = tokens.map(\.count).min() ?? 1
      while shared < shortest - 1, Set(tokens.map { $0[shared] }).count == 1 { shared += 1 }
      return zip(tokens, members).map { Item(tokens: $0, shared: shared, label: $1.label) }
    }
    guard !groups.isEmpty else {
      throw FittingError.tooFew(what: "held-out groups with true and false texts", needed: 1, got: 0)
    }
  }

  /// The score of the model under adapters, or of the model alone.
  ///
  /// - Parameter progress: called with the number of groups done so far.
  public func score(_ adapters: [Adapter] = [], progress: (Int) throws -> Void = { _ in }) throws -> HeldOutScore {
    let routes = try AdapterRoutes(adapters)
    var (best, mass, loss, tokens) = (0, 0.0, 0.0, 0)
    for (i, group) in groups.enumerated() {
      let scores = try logProbabilities(group, routes)
      let highest = scores.max() ?? 0
      if scores.firstIndex(of: highest).map({ group[$0].label }) ?? false { best += 1 }
      // The largest is taken out first: long texts have probabilities that underflow.
      let weights = scores.map { exp($0 - highest) }
      mass += zip(weights, group).filter(\.1.label).map(\.0).reduce(0, +) / weights.reduce(0, +)
      for (score, item) in zip(scores, group) where item.label {
        loss -= score
        tokens += item.tokens.count - item.shared
      }
      try progress(i + 1)
    }
    let count = Double(groups.count)
    return HeldOutScore(
      mc1: Double(best) / count, mc2: mass / count, loss: loss / Double(max(1, tokens)), groups: groups.count)
  }

  /// The sum of `log p(token)` over what follows the shared beginning, for each text.
  private func logProbabilities(_ group: [Item], _ routes: AdapterRoutes) throws -> [Double] {
    try withoutGradients {
      let batch = TokenBatch(
        group.map { .init(tokens: Array($0.tokens.dropLast()), promptLength: $0.shared) })
      let hidden = try model.hidden(batch, cache: nil, tap: routes.tap(for: batch))
      return try zip(group, batch.rows).map { item, rows in
        let needed = (item.shared - 1..<item.tokens.count - 1).map { Int64(rows.lowerBound + $0) }
        let labels = item.tokens[item.shared...].map(Int64.init)
        let logits = try model.logits(hidden.selected(Tensor(needed, on: model.device)))
        return -(try logits.crossEntropy(Tensor(Array(labels), on: model.device)).sum().item())
      }
    }
  }
}
