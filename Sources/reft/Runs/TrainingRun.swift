import ArgumentParser
import Checkpoints
import Diagnostics
import Foundation
import Interventions
import JSON
import LanguageModels
import Pretrained
import Recipes
import Tasks
import Tensors
import Training

/// A recipe made ready to train: everything opened and checked, nothing learned yet.
struct TrainingRun {
  let recipe: Recipe
  let model: PretrainedModel
  let adapter: Adapter
  let training: [TrainingExample]
  let validation: [TrainingExample]
  let settings: TrainingSettings
  /// What acts before the trained adapter, frozen.
  let beneath: [AdapterUse]
  private let saved: SavedRun?

  /// Where an unfinished run keeps its state and metrics, beside the output folder.
  var workFolder: String { Self.workFolder(of: recipe) }
  private var stateFolder: String { Self.stateFolder(of: recipe) }
  private var metricsFile: String { workFolder + "/metrics.jsonl" }

  /// - Parameters:
  ///   - resume: go on with the interrupted run of this output folder.
  ///   - overwrite: the output folder may be there.
  ///   - opened: a model that is open already, so that several runs share it.
  init(
    _ recipe: Recipe, resume: Bool = false, overwrite: Bool, dryRun: Bool = false, model opened: PretrainedModel? = nil
  ) throws {
    self.recipe = recipe
    let method = try InterventionRegistry.standard.method(recipe.method.name)
    let state = Self.stateFolder(of: recipe)
    if !dryRun {
      try OutputFolder.check(recipe.output, overwrite: overwrite, marks: ["adapter.json"])
      try Self.checkInterruptedRun(state, resume: resume, overwrite: overwrite)
    }
    saved = resume && !dryRun ? try SavedRun(reading: state) : nil
    model =
      try opened
      ?? PretrainedModel.opened(recipe.model.path, device: recipe.model.device, dtype: recipe.model.dtype)

    let encoder = ExampleEncoder(
      model.text, maximumLength: min(recipe.training.maxLength, model.model.shape.contextLength))
    let (data, format) = (recipe.data, recipe.data.format)
    training = try Self.examples(
      Self.records(data.train, format, limit: data.limit, seed: data.seed), encoder)
    validation = try data.validation.map { try Self.examples(Self.records($0, format), encoder) } ?? []

    let plan = try recipe.plan(of: method, in: model.model, tokenizer: model.tokenizer)
    if let saved {
      adapter = try Adapter(plan, of: method, for: model.model, restoring: saved.adapterTensors, source: state)
    } else {
      let random = try RandomSource(seed: UInt64(recipe.training.seed), on: model.model.device)
      adapter = try Adapter(plan, of: method, for: model.model, using: random)
    }
    settings = TrainingSettings(recipe.training)
    let base = try model.base
    beneath = try recipe.beneath.map { [model] path in
      let lower = try Adapter.load(path, for: model.model, base: base).adapter
      guard lower.condition == nil else {
        throw InputError.usage(
          problem: "'beneath' names \(path), which acts on some prompts only", remedy: "train on the model without it")
      }
      try lower.freeze()
      return try AdapterUse(lower)
    }
    _ = try AdapterRoutes([beneath + [AdapterUse(adapter)]])
    if recipe.objective.name == .representation {
      if let bare = (training + validation).first(where: { $0.contrast == nil }) {
        throw TrainingError.noContrast(source: bare.source)
      }
      _ = try recipe.comparedLayers(of: model.model)
    }
  }

  /// What is made small.
  private func objective() throws -> any Objective {
    let adapters = TrainedAdapters(adapter, on: beneath)
    switch recipe.objective.name {
    case .completion: return CompletionObjective(model: model.model, adapters: adapters)
    case .representation:
      return RepresentationObjective(
        model: model.model, adapters: adapters, layers: try recipe.comparedLayers(of: model.model),
        alpha: recipe.objective.alpha, tokens: recipe.objective.tokens)
    }
  }

  private static func workFolder(of recipe: Recipe) -> String { recipe.output + ".run" }
  private static func stateFolder(of recipe: Recipe) -> String { workFolder(of: recipe) + "/state" }

  /// A state that is there is neither lost nor looked for in vain without a word.
  private static func checkInterruptedRun(_ state: String, resume: Bool, overwrite: Bool) throws {
    let isThere = FileManager.default.fileExists(atPath: state)
    if resume, !isThere {
      throw InputError.usage(
        problem: "there is no interrupted run to resume: '\(state)' does not exist", remedy: "leave out --resume")
    }
    if isThere, !resume, !overwrite {
      throw InputError.usage(
        problem: "an interrupted run of this output is in '\(state)'",
        remedy: "pass --resume to go on with it, or --overwrite to begin again")
    }
  }

  private static func records(
    _ path: String, _ format: String, limit: Int? = nil, seed: Int? = nil
  ) throws -> [TrainingRecord] {
    if format == "records" { return try RecordReader.read(path).drawn(limit: limit, seed: seed, path: path) }
    return try TaskRegistry.standard.task(named: format).examples(at: path, limit: limit, seed: seed).map(\.record)
  }

  /// Every record that cannot be used is reported, the first ones in full.
  private static func examples(_ records: [TrainingRecord], _ encoder: ExampleEncoder) throws -> [TrainingExample] {
    var problems: [any Diagnostic] = []
    var examples: [TrainingExample] = []
    for record in records where problems.count < 20 {
      do {
        examples.append(try encoder.encode(record))
      } catch let problem as any Diagnostic {
        problems.append(problem)
      }
    }
    if let group = DiagnosticGroup(problems) { throw group }
    return examples
  }

  /// What a run must share with the one it goes on with.
  private var identity: JSONObject {
    [
      "method": .string(adapter.plan.method), "settings": .object(adapter.plan.settings),
      "locations": .string(adapter.plan.locations.line), "positions": .string(adapter.plan.rule.rawValue),
      "examples": .integer(training.count),
      "tokens": .integer(training.reduce(0) { $0 + $1.tokens.count }), "model": .string(model.checkpoint.fingerprint),
      "beneath": .array(recipe.beneath.map(JSONValue.string)), "objective": recipe.json["objective"] ?? .null,
    ]
  }

  /// What a finished run leaves for reports.
  struct Outcome {
    let ending: Trainer.Ending
    let seconds: Double
    let tokensPerSecond: Double
    let epochs: [EpochMetrics]
    let losses: [Double]
  }

  /// Trains, showing progress; metrics and state are kept in the work folder.
  func train(title: String) throws -> Outcome {
    let trainer = try Trainer(
      model: model.model, adapter: adapter, training: training, validation: validation, settings: settings,
      objective: objective(), folder: workFolder)
    if let saved { try trainer.resume(saved, run: identity) }
    try makeFolder(workFolder)
    let metrics = try MetricsLog(metricsFile, after: saved?.step)
    let before = metrics.history.seconds
    let start = ContinuousClock.now
    let (ending, meter) = try InterruptFlag.watched { flag in
      try keepTrunk(of: trainer, until: flag)
      let meter = ProgressMeter(title, total: Double(trainer.totalSteps), unit: "steps")
      let ending = try trainer.run(shouldStop: { flag.isRaised }) { event in
        try metrics.write(event)
        switch event {
        case .step(let step):
          meter.update(
            Double(step.step),
            detail: String(
              format: "epoch %.1f  loss %.3f  %@ tokens/s", step.epoch, step.loss,
              ProgressMeter.short(step.tokensPerSecond)))
        case .epoch: try trainer.save(to: stateFolder, run: identity)
        }
      }
      if ending == .interrupted { try trainer.save(to: stateFolder, run: identity) }
      return (ending, meter)
    }
    let history = metrics.history
    let seconds = before + (ContinuousClock.now - start) / .seconds(1)
    meter.finish(history.losses.last.map { String(format: "loss %.3f", $0) } ?? "")
    return Outcome(
      ending: ending, seconds: seconds, tokensPerSecond: Double(history.tokens) / max(seconds, 1e-9),
      epochs: history.epochs, losses: history.losses)
  }

  /// What becomes of the activations below the lowest edit; `nil` where nothing is kept.
  func trunk() throws -> TrunkPlan? {
    try TrunkPlan(
      objective(), examples: training, validation: validation, settings: settings, model: model.model,
      folder: workFolder)
  }

  private func keepTrunk(of trainer: Trainer, until flag: InterruptFlag) throws {
    guard let plan = trainer.trunk, plan.isKept else { return }
    let meter = ProgressMeter("trunk", total: Double(plan.rows), unit: "tokens")
    try trainer.keepTrunk(shouldStop: { flag.isRaised }) { meter.update(Double($0)) }
    meter.finish()
  }

  /// Trains; an interruption ends the command with the words that say how to go on.
  func trainOrStop(title: String) throws -> Outcome {
    let outcome = try train(title: title)
    if outcome.ending == .interrupted {
      Console.note("stopped; the state is in \(workFolder). Go on with --resume.")
      throw ExitCode(130)
    }
    return outcome
  }

  /// Keeps a stage-1 adapter with its head ranking: heads.json, heads.npy and heads.svg.
  func keepRanking(_ outcome: Outcome, by choice: HeadChoice = .scale, top: Int, overwrite: Bool) throws -> HeadReport {
    let report = HeadReport(
      ranking: try HeadRanking(of: adapter), shape: model.model.shape, top: top, measure: choice.measure,
      title: choice.title)
    try keep(outcome, overwrite: overwrite, texts: report.files())
    try report.ranking.numpy(top: top).write(to: recipe.output + "/heads.npy", overwrite: true)
    return report
  }

  /// Writes the adapter with its recipe and metrics, and removes the work folder.
  func keep(_ outcome: Outcome, overwrite: Bool, texts: [(name: String, text: String)] = []) throws {
    var measured: JSONObject = [
      "seconds": .number(outcome.seconds), "tokens_per_second": .number(outcome.tokensPerSecond),
      "epochs": .array(outcome.epochs.map { .object($0.json) }),
    ]
    if let last = outcome.epochs.last { measured["loss"] = .number(last.loss) }
    let description = AdapterDescription(
      plan: adapter.plan, base: try model.base, parameterCount: adapter.parameterCount, seed: settings.seed,
      training: settings.json, metrics: measured)
    let metrics = try TextFile.read(metricsFile)
    try adapter.save(
      to: recipe.output, description,
      texts: [(name: "recipe.yaml", text: recipe.yaml), (name: "metrics.jsonl", text: metrics)] + texts,
      overwrite: overwrite)
    try? FileManager.default.removeItem(atPath: workFolder)
  }
}

extension Training.Schedule {
  /// The recipe's word for it; a word that is added there does not compile here until it is told apart.
  init(_ schedule: Recipe.Schedule) {
    self =
      switch schedule {
      case .linear: .linear
      case .cosine: .cosine
      case .constant: .constant
      }
  }
}

extension Training.TrunkCaching {
  /// The recipe's word for it.
  init(_ caching: Recipe.TrunkCaching) {
    self =
      switch caching {
      case .off: .off
      case .memory: .memory
      case .disk: .disk
      case .auto: .auto
      }
  }
}

extension Training.Checkpointing {
  /// The recipe's word for it.
  init(_ checkpointing: Recipe.Checkpointing) {
    self =
      switch checkpointing {
      case .auto: .auto
      case .on: .on
      case .off: .off
      }
  }
}

extension TrainingSettings {
  init(_ recipe: Recipe.Training) {
    self.init(
      epochs: recipe.epochs, batchSize: recipe.batchSize, accumulation: recipe.accumulation,
      microBatchTokens: recipe.microBatchTokens ?? 2048, learningRate: recipe.learningRate,
      schedule: Training.Schedule(recipe.schedule), warmupRatio: recipe.warmupRatio,
      weightDecay: recipe.weightDecay, beta1: recipe.betas[0], beta2: recipe.betas[1], epsilon: recipe.epsilon,
      gradientClip: recipe.gradientClip, l1: recipe.l1Penalty, seed: UInt64(recipe.seed), patience: recipe.patience,
      cacheTrunk: Training.TrunkCaching(recipe.cacheTrunk), checkpointing: Training.Checkpointing(recipe.checkpointing))
  }
}

/// Makes a folder and those above it.
func makeFolder(_ path: String) throws(InputError) {
  do {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  } catch {
    throw .unwritable(path: path)
  }
}
