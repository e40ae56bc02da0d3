public import Diagnostics

/// How the next token is chosen from the model's scores; the command's flags of the same names.
public struct SamplingOptions: Sendable, Equatable {
  /// 0 takes the most likely token, 1 draws from the model's own distribution.
  public var temperature: Double
  /// How many of the most likely tokens are drawn from; `nil` for all.
  public var topK: Int?
  /// The probability that the tokens drawn from must reach together; `nil` for 1.
  public var topP: Double?
  /// Above 1 discourages tokens of the prompt and of what has been generated.
  public var repetitionPenalty: Double
  /// Row i of a batch draws with the seed `seed + i`, so that it equals a single run with that seed.
  public var seed: UInt64

  /// Options that were checked; the defaults choose greedily, as the papers' tables do.
  ///
  /// - Throws: every value out of its range at once, each by the name of its flag.
  public init(
    temperature: Double = 0, topK: Int? = nil, topP: Double? = nil, repetitionPenalty: Double = 1, seed: UInt64 = 0
  ) throws(DiagnosticGroup) {
    self.init(
      unchecked: temperature, topK: topK, topP: topP, repetitionPenalty: repetitionPenalty, seed: seed)
    try validate()
  }

  private init(unchecked temperature: Double, topK: Int?, topP: Double?, repetitionPenalty: Double, seed: UInt64) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.repetitionPenalty = repetitionPenalty
    self.seed = seed
  }

  /// The most likely token each time.
  public static let greedy = SamplingOptions(
    unchecked: 0, topK: nil, topP: nil, repetitionPenalty: 1, seed: 0)

  /// Throws every value that is out of its range.
  public func validate() throws(DiagnosticGroup) {
    var problems: [GenerationError] = []
    func check(_ valid: Bool, _ flag: String, _ expected: String, _ got: some CustomStringConvertible) {
      if !valid { problems.append(.option(flag: flag, expected: expected, got: got.description)) }
    }
    check(temperature.isFinite && temperature >= 0, "--temperature", "0 (greedy) or above", temperature)
    if let topK { check(topK >= 1, "--top-k", "1 or above", topK) }
    if let topP { check(topP > 0 && topP <= 1, "--top-p", "above 0 and at most 1", topP) }
    check(repetitionPenalty.isFinite && repetitionPenalty > 0, "--repetition-penalty", "above 0", repetitionPenalty)
    if let group = DiagnosticGroup(problems) { throw group }
  }

  /// Whether the most likely token is taken.
  public var isGreedy: Bool { temperature == 0 }

  /// Whether the scores alone choose the token: nothing changes them, and nothing is drawn.
  var isArgmax: Bool { isGreedy && stages.isEmpty }

  /// The stages in order, as transformers orders them; those that would change nothing are left out.
  public var stages: [any LogitStage] {
    var stages: [any LogitStage] = []
    if repetitionPenalty != 1 { stages.append(RepetitionPenalty(Float(repetitionPenalty))) }
    guard !isGreedy else { return stages }
    if temperature != 1 { stages.append(Temperature(Float(temperature))) }
    if let topK { stages.append(TopK(topK)) }
    if let topP, topP < 1 { stages.append(TopP(Float(topP))) }
    return stages
  }
}
