import Foundation
public import Interventions
public import LanguageModels
import Tensors

/// Trains an adapter on a frozen model.
///
/// Every random choice follows from the seed, and the whole state can be saved between two updates: a resumed run gives the
/// same losses as an uninterrupted one, bit for bit on the CPU.
public final class Trainer {
  /// The numbers of the run, checked.
  public let settings: TrainingSettings
  let adapter: Adapter
  let optimizer: AdamW
  let random: RandomSource
  var progress = RunProgress()
  /// The training state of the best epoch so far.
  var best: [NamedTensor]?

  let objective: any Objective
  let training: [TrainingExample]
  let validation: [TrainingExample]
  /// What becomes of the activations below the lowest edit; `nil` where there are none, or they are not to be kept.
  public let trunk: TrunkPlan?
  /// Whose disk the trunk may take.
  let folder: String
  var trunkIsKept = false
  /// Decides which passes keep no activations.
  private let recomputes: (_ rows: Int) -> Bool

  /// A trainer before its first update.
  ///
  /// - Parameters:
  ///   - objective: what is made small; the cross entropy of the responses where it is nil.
  ///   - folder: where a large trunk is kept while the run lasts; the system's folder for such files where it is nil.
  /// - Throws: ``TrainingError/noExamples``, ``TrainingError/nothingEdited(locations:)``,
  ///   ``TrainingError/setting(key:expected:got:)``, ``TrainingError/noRoom(bytes:free:place:)``.
  public init(
    model: any LanguageModel, adapter: Adapter, training: [TrainingExample], validation: [TrainingExample] = [],
    settings: TrainingSettings, objective: (any Objective)? = nil, folder: String? = nil
  ) throws {
    try model.checkContinuesTexts()
    try settings.check()
    guard !training.isEmpty else { throw TrainingError.noExamples }
    let isEdited = training.contains {
      !adapter.editedPositions(promptLength: $0.promptLength, length: $0.tokens.count).isEmpty
    }
    guard isEdited else { throw TrainingError.nothingEdited(locations: adapter.plan.locations.line) }
    for names in Set((training + validation).compactMap(\.subspaces)) { try adapter.check(subspaces: names) }
    guard !adapter.parameters.isEmpty else { throw TrainingError.nothingTrainable(method: adapter.plan.method) }
    self.settings = settings
    self.adapter = adapter
    self.training = training
    self.validation = validation
    let objective = objective ?? CompletionObjective(model: model, adapter: adapter)
    self.objective = objective
    self.folder = folder ?? FileManager.default.temporaryDirectory.path
    trunk = try TrunkPlan(
      objective, examples: training, validation: validation, settings: settings, model: model, folder: self.folder)
    recomputes = settings.checkpointing.rule(model, adapter)
    random = try RandomSource(seed: settings.seed, on: model.device)
    optimizer = try AdamW(
      adapter.parameters,
      rule: FusedAdamW(
        beta1: settings.beta1, beta2: settings.beta2, epsilon: settings.epsilon, weightDecay: settings.weightDecay))
  }

  private var examplesPerStep: Int { settings.batchSize * settings.accumulation }
  /// Updates of one pass over the data; the last one may have fewer examples.
  public var stepsPerEpoch: Int { (training.count + examplesPerStep - 1) / examplesPerStep }
  /// Updates of the whole run when no patience ends it early; the schedule is laid out over them.
  public var totalSteps: Int { stepsPerEpoch * settings.epochs }
  /// transformers rounds up.
  private var warmupSteps: Int { Int((settings.warmupRatio * Double(totalSteps)).rounded(.up)) }

  /// Why a run ended.
  public enum Ending: Sendable, Equatable {
    /// All epochs are done.
    case finished
    /// No better validation loss for `patience` epochs.
    case patienceExhausted
    /// Somebody asked for it; ``Trainer`` can be saved and resumed.
    case interrupted
  }

  /// Trains from where the state stands to the end, and leaves the adapter with the best epoch's values.
  ///
  /// - Parameters:
  ///   - shouldStop: asked between two updates.
  ///   - onEvent: called after each update and each epoch; may save the trainer.
  public func run(
    shouldStop: () -> Bool = { false }, onEvent: (TrainingEvent) throws -> Void = { _ in }
  ) throws -> Ending {
    try keepTrunk(shouldStop: shouldStop)
    while progress.epoch < settings.epochs, !isOutOfPatience {
      let order = try Self.order(of: progress.epoch, seed: settings.seed, count: training.count)
      while progress.stepInEpoch < stepsPerEpoch {
        if shouldStop() { return .interrupted }
        let first = progress.stepInEpoch * examplesPerStep
        let batch = order[first..<min(first + examplesPerStep, order.count)].map { training[$0] }
        try onEvent(.step(try step(batch)))
      }
      try onEvent(.epoch(try endEpoch()))
    }
    if let best { try restoreParameters(best) }
    return progress.epoch < settings.epochs ? .patienceExhausted : .finished
  }

  private var isOutOfPatience: Bool { settings.patience.map { progress.epochsWithoutGain >= $0 } ?? false }

  /// The order in which an epoch, counted from 0, takes its examples: it follows from seed and epoch alone, so that a resumed
  /// run needs no replay.
  public static func order(of epoch: Int, seed: UInt64, count: Int) throws -> [Int] {
    try RandomSource(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(epoch)).permutation(count)
  }

  private func step(_ batch: [TrainingExample]) throws -> StepMetrics {
    let clock = ContinuousClock()
    let start = clock.now
    let labels = Double(batch.reduce(0) { $0 + objective.terms(of: $1) })
    var losses: [(sum: Tensor, sources: [String])] = []
    let done = Double(optimizer.step) / Double(totalSteps)
    for piece in MicroBatch.split(batch, budget: settings.microBatchTokens) {
      let rows = piece.reduce(0) { $0 + $1.tokens.count }
      let pass = TrainingPass(random: random, progress: done, recomputes: recomputes(rows))
      let loss = try objective.lossSum(piece, mode: .training(pass))
      losses.append((try loss.detached(), piece.map(\.source)))
      // Of a piece without an edited position no gradient reaches the adapter.
      var terms = loss.requiresGradient ? [try loss / labels] : []
      for penalty in pass.penalties { terms.append(try penalty / Double(batch.count)) }
      if let first = terms.first {
        var total = first
        for term in terms.dropFirst() { total = try total + term }
        try total.backward()
      }
    }
    if settings.l1 > 0, let penalty = try adapter.absoluteSum() { try (penalty * settings.l1).backward() }
    let pass = TrainingPass(random: random, progress: done)
    for part in adapter.parts { try part.intervention.penalty(pass)?.backward() }
    let norm = try optimizer.clip(to: settings.gradientClip)
    // The one time that anybody waits for the device: all work of the gradients is on its way.
    let numbers = try Self.values(losses.map(\.sum) + (norm.map { [$0] } ?? []))
    var sum = 0.0
    for (loss, (_, sources)) in zip(numbers, losses) {
      sum += loss
      guard sum.isFinite else {
        throw TrainingError.notFinite(loss: sum, step: optimizer.step + 1, examples: sources)
      }
    }
    for part in adapter.parts { try part.intervention.beforeStep() }
    let factor = settings.schedule.factor(step: optimizer.step, warmup: warmupSteps, total: totalSteps)
    let rate = settings.learningRate * factor
    try optimizer.update(learningRate: rate)
    for part in adapter.parts { try part.intervention.afterStep() }
    progress.stepInEpoch += 1
    progress.lossSum += sum
    progress.labels += labels
    let tokens = batch.reduce(0) { $0 + $1.tokens.count - 1 }
    let seconds = (clock.now - start) / .seconds(1)
    return StepMetrics(
      step: optimizer.step, totalSteps: totalSteps, epoch: Double(optimizer.step) / Double(stepsPerEpoch),
      loss: sum / labels, learningRate: rate, gradientNorm: norm == nil ? 0 : numbers[losses.count], tokens: tokens,
      tokensPerSecond: Double(tokens) / max(seconds, 1e-9))
  }

  /// Scalars by one transfer.
  private static func values(_ scalars: [Tensor]) throws(TensorError) -> [Double] {
    var rows: [Tensor] = []
    for scalar in scalars { rows.append(try scalar.reshaped([1])) }
    return try Tensor.concatenated(rows, along: 0).values(as: Double.self)
  }

  private func endEpoch() throws -> EpochMetrics {
    for parameter in adapter.parameters where try !parameter.tensor.isFinite() {
      throw TrainingError.diverged(parameter: parameter.name, step: optimizer.step)
    }
    let loss = progress.lossSum / progress.labels
    let validationLoss = try validation.isEmpty ? nil : meanLoss(validation)
    if let validationLoss, !validationLoss.isFinite {
      throw TrainingError.notFinite(loss: validationLoss, step: optimizer.step, examples: validation.map(\.source))
    }
    let isBest = validationLoss.map { $0 < progress.bestLoss } ?? true
    if isBest {
      if let validationLoss {
        progress.bestLoss = validationLoss
        best = try copies(adapter.trainingState())
      }
      progress.epochsWithoutGain = 0
    } else {
      progress.epochsWithoutGain += 1
    }
    progress.epoch += 1
    (progress.stepInEpoch, progress.lossSum, progress.labels) = (0, 0, 0)
    return EpochMetrics(epoch: progress.epoch, loss: loss, validationLoss: validationLoss, isBest: isBest)
  }

  /// Mean cross entropy of the response tokens, in nats, with the adapter as it stands.
  public func meanLoss(_ examples: [TrainingExample]) throws -> Double {
    let labels = examples.reduce(0) { $0 + objective.terms(of: $1) }
    return try withoutGradients {
      var sum = 0.0
      for piece in MicroBatch.split(examples, budget: settings.microBatchTokens) {
        sum += try objective.lossSum(piece, mode: .inference).item()
      }
      return sum / Double(labels)
    }
  }

  private func copies(_ tensors: [NamedTensor]) throws -> [NamedTensor] {
    try tensors.map { NamedTensor($0.name, try $0.tensor.cloned()) }
  }

  /// Writes saved values into the trainable leaves; constants of the state (a base point) do not change in a run.
  private func restoreParameters(_ state: [NamedTensor]) throws {
    let byName = Dictionary(state.map { ($0.name, $0.tensor) }) { $1 }
    for parameter in adapter.parameters {
      if let saved = byName[parameter.name] { try parameter.tensor.assign(saved) }
    }
  }
}

/// Where a run stands between two updates.
struct RunProgress: Equatable {
  /// Epochs completed.
  var epoch = 0
  /// Updates done in the epoch under way.
  var stepInEpoch = 0
  /// Loss sum and label count of the epoch under way.
  var lossSum = 0.0
  var labels = 0.0
  var bestLoss = Double.infinity
  var epochsWithoutGain = 0
}
