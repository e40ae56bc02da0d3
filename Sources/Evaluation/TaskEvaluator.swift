public import Interventions
public import LanguageModels
public import Pretrained
public import Tasks
import Tensors
public import TextGeneration
public import Tokenization

/// Lets a model, with or without adapters, answer the examples of a task, and scores the answers.
public struct TaskEvaluator {
  private let model: any LanguageModel
  private let limits: BatchLimits
  private let tokenizer: Tokenizer
  private let endTokens: Set<TokenID>
  private let adapters: AdapterRoutes

  /// An evaluator for an opened model.
  ///
  /// - Parameters:
  ///   - adapters: act on every example, those of route 0.
  ///   - limits: how much is computed at once; the answers do not depend on it.
  public init(_ pretrained: PretrainedModel, adapters: AdapterRoutes = .none, limits: BatchLimits = BatchLimits()) {
    self.init(
      pretrained.model, pretrained.tokenizer, endTokens: pretrained.endTokens, adapters: adapters, limits: limits)
  }

  /// An evaluator for a model and a tokenizer that were made some other way.
  ///
  /// - Parameter endTokens: tokens that end an answer; they are no part of it.
  public init(
    _ model: any LanguageModel, _ tokenizer: Tokenizer, endTokens: Set<TokenID>, adapters: AdapterRoutes = .none,
    limits: BatchLimits = BatchLimits()
  ) {
    self.model = model
    self.limits = limits
    self.tokenizer = tokenizer
    self.endTokens = endTokens
    self.adapters = adapters
  }

  /// Answers and scores.
  ///
  /// - Parameters:
  ///   - options: how answers are generated; greedily by default, as the papers do.
  ///   - maximumNewTokens: `nil` for what the task allows an answer.
  ///   - progress: called after each answer.
  public func evaluate(
    _ task: any BenchmarkTask, on examples: [TaskExample], options: SamplingOptions = .greedy,
    maximumNewTokens: Int? = nil, progress: (EvaluationProgress) throws -> Void = { _ in }
  ) throws -> TaskReport {
    guard !examples.isEmpty else { throw EvaluationError.noExamples(task: task.name) }
    let stop = StopConditions(
      endTokens: endTokens, maximumNewTokens: maximumNewTokens ?? task.maximumNewTokens, strings: task.stopStrings)
    var requests = examples.map {
      GenerationRequest(tokens: tokenizer.encode($0.prompt).ids, place: $0.record.source)
    }
    let (settled, ways) = try adapters.settled(
      requests.map(\.tokens), going: requests.map(\.route), in: model)
    for (i, way) in ways.enumerated() { requests[i].route = way }
    let (folded, edits) = try settled.folded(into: model, going: ways)
    let clock = ContinuousClock()
    let start = clock.now
    var done = 0
    let generations = try Generator(folded, tokenizer, limits: limits).generate(
      requests, options, until: stop, edits: { batch throws(TensorError) in try edits.tap(for: batch) },
      onFinish: { _, _ in
        done += 1
        try progress(EvaluationProgress(done: done, total: examples.count, seconds: (clock.now - start).seconds))
      })
    let seconds = (clock.now - start).seconds
    let score = task.score(generations.map(\.text), examples)
    return TaskReport(
      task: task.name, decoding: TaskReport.Decoding(options, stop),
      examples: examples.indices.map { i in
        TaskReport.Example(
          prompt: examples[i].prompt, references: examples[i].references, prediction: score.predictions[i],
          generation: generations[i].text, isCorrect: score.correct[i], finish: generations[i].finish.rawValue)
      },
      seconds: seconds, promptTokens: generations.reduce(0) { $0 + $1.promptTokens },
      generatedTokens: generations.reduce(0) { $0 + $1.tokens.count })
  }
}

extension TaskReport.Decoding {
  init(_ options: SamplingOptions, _ stop: StopConditions) {
    self.init(
      temperature: options.temperature, topK: options.topK, topP: options.topP,
      repetitionPenalty: options.repetitionPenalty, seed: options.isGreedy ? nil : options.seed,
      maximumNewTokens: stop.maximumNewTokens, stopStrings: stop.strings)
  }
}

extension Duration {
  fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
