import Checkpoints
import Fitting
import Interventions
import JSON
import LanguageModels
import Pretrained
import Tasks
import Tensors

/// A fit made ready: texts read, the model open, its activations collected.
struct FittingRun {
  /// One line of the table of held-out scores.
  struct Row {
    let name: String
    /// `nil` for the model alone.
    let candidate: FittingPlan.Candidate?
    let score: HeldOutScore

    var json: JSONObject {
      [
        "setting": .string(name), "mc1": .number(score.mc1), "mc2": .number(score.mc2), "loss": .number(score.loss),
        "groups": .integer(score.groups),
      ]
    }
  }

  private let plan: FittingPlan
  private let data: String
  private let statements: Statements
  private let opened: PretrainedModel
  private let activations: LabelledActivations

  init(_ plan: FittingPlan, data: String, model: ModelOptions, output: String?, overwrite: Bool) throws {
    self.plan = plan
    self.data = data
    if let output { try OutputFolder.check(output, overwrite: overwrite, marks: ["adapter.json"]) }
    statements = try StatementReader.read(data)
    if plan.kind(paired: statements.arePaired).needsPairs, !statements.arePaired {
      throw FittingError.needsPairs(kind: plan.kind(paired: false).rawValue)
    }
    opened = try model.open()
    let shape = opened.model.shape
    let sites: [Site]
    if plan.method == "iti" {
      sites = LabelledActivations.headSites(of: shape)
    } else {
      sites = try Self.sites(of: plan.locations, in: opened.model)
    }
    activations = try Self.collect(statements, opened, at: sites, title: "reading texts")
  }

  private static func collect(
    _ statements: Statements, _ opened: PretrainedModel, at sites: [Site],
    reading: ActivationCollector.Reading = .last, title: String
  ) throws -> LabelledActivations {
    let meter = ProgressMeter(title, total: Double(statements.items.count), unit: "texts")
    let found = try LabelledActivations(
      statements, tokenizer: opened.tokenizer, model: opened.model, at: sites, reading: reading
    ) { meter.update(Double($0)) }
    meter.finish()
    return found
  }

  /// The sites of locations, whose positions must be one and the same and whose heads all.
  private static func sites(of locations: [Location], in model: any LanguageModel) throws -> [Site] {
    var sites: [Site] = []
    for location in locations {
      guard location.heads == nil, location.positions == locations.first?.positions else {
        throw InputError.usage(
          problem: "steering vectors are fitted for whole activations at one kind of positions",
          remedy: "leave out heads, and give all locations the same positions")
      }
      guard model.components.contains(location.component) else {
        throw LocationError.componentNotOffered(
          component: location.component.rawValue, offered: model.components.sorted().map(\.rawValue))
      }
      for layer in try location.layers.resolved(layers: model.shape.layers) {
        sites.append(Site(layer: layer, component: location.component))
      }
    }
    return Array(Set(sites)).sorted()
  }

  /// What is fitted on a fold once, whatever the candidate.
  private struct Fitted {
    var ranking: HeadRanking?
    var heads: [(head: HeadRanking.Entry, direction: Direction)] = []
    var sites: [(site: Site, direction: Direction)] = []
  }

  private func fitted(_ fold: Fold) throws -> Fitted {
    let random = try RandomSource(seed: plan.seed)
    let kind = plan.kind(paired: statements.arePaired)
    var fitted = Fitted()
    guard plan.method == "iti" else {
      fitted.sites = try SteeringFit(activations).directions(
        at: activations.activations.sites, of: fold.development, kind: kind, using: random)
      return fitted
    }
    let shape = opened.model.shape
    let all = shape.layers * shape.heads
    let most = try plan.candidates.map { try $0.heads.number(of: all, key: "--heads") }.max() ?? 1
    let fit = InferenceTimeFit(activations, shape: shape)
    let meter = ProgressMeter("probing heads", total: Double(all), unit: "heads")
    let ranking = try fit.ranking(fold) { meter.update(Double($0)) }
    meter.finish()
    fitted.ranking = ranking
    fitted.heads = try fit.directions(
      of: Array(ranking.heads.prefix(most)), fold, kind: kind, deviation: plan.deviation, using: random)
    return fitted
  }

  private func adapter(_ candidate: FittingPlan.Candidate, _ fitted: Fitted) throws -> Adapter {
    let model = opened.model
    guard plan.method == "iti" else {
      return try SteeringFit.adapter(
        fitted.sites, unit: plan.unit, settings: behaviour(candidate), positions: positions, for: model)
    }
    let count = try candidate.heads.number(of: model.shape.layers * model.shape.heads, key: "--heads")
    return try InferenceTimeFit.adapter(
      Array(fitted.heads.prefix(count)), alpha: candidate.alpha, positions: plan.positions, for: model)
  }

  private var positions: Positions { plan.locations.first?.positions ?? .all }

  private func behaviour(_ candidate: FittingPlan.Candidate) -> JSONObject {
    var settings = plan.behaviour
    settings["coefficient"] = .number(candidate.coefficient)
    return settings
  }

  private func folds(_ count: Int) throws -> [Fold] {
    try Fold.folds(
      of: statements.items.map(\.group), count: count, validation: plan.validation, seed: Int(clamping: plan.seed))
  }

  /// Scores the model alone and every candidate on held-out texts, the mean over the folds weighed by their groups.
  func evaluate() throws -> [Row] {
    var scores = [[HeldOutScore]](repeating: [], count: plan.candidates.count + 1)
    for (i, fold) in try folds(plan.folds).enumerated() where plan.fold ?? i == i {
      let fitted = try fitted(fold)
      let scorer = try HeldOutScorer(statements, of: fold.test, tokenizer: opened.tokenizer, model: opened.model)
      let meter = ProgressMeter(
        "scoring part \(i + 1) of \(plan.folds)", total: Double(scores.count), unit: "settings")
      scores[0].append(try scorer.score())
      for (j, candidate) in plan.candidates.enumerated() {
        meter.update(Double(j + 1))
        scores[j + 1].append(try scorer.score([adapter(candidate, fitted)]))
      }
      meter.finish()
    }
    let named: [(String, FittingPlan.Candidate?)] =
      [("the model alone", nil)] + plan.candidates.map { (plan.name(of: $0), $0) }
    return zip(named, scores).map { Row(name: $0.0, candidate: $0.1, score: HeldOutScore(mean: $1)) }
  }

  /// The candidate with the highest mc2, of equals the one with the lower loss, among those that the guard lets through.
  func best(of rows: [Row]) throws(InputError) -> FittingPlan.Candidate {
    guard let alone = rows.first?.score.loss else { return plan.candidates[0] }
    let limit = plan.lossGuard.map { alone + $0 } ?? .infinity
    let kept = rows.filter { $0.candidate != nil && $0.score.loss <= limit }
    let best = kept.max { ($0.score.mc2, -$0.score.loss) < ($1.score.mc2, -$1.score.loss) }
    guard let candidate = best?.candidate else {
      throw .usage(
        problem:
          "every setting raises the loss above \(JSONValue.number(limit).text), the model's own and --loss-guard",
        remedy: "try smaller ones, or fewer layers or heads")
    }
    return candidate
  }

  /// Fits on everything that is not held out, and writes the adapter.
  func keep(_ candidate: FittingPlan.Candidate, _ rows: [Row], in output: String, overwrite: Bool) throws {
    let fold = try plan.fold.map { try folds(plan.folds)[$0] } ?? folds(1)[0]
    let fitted = try fitted(fold)
    var metrics: JSONObject = [:]
    let adapter: Adapter
    if let path = plan.conditionData {
      let found = try condition(path)
      metrics["condition_f1"] = .number(found.f1)
      adapter = try ConditionalFit.adapter(
        fitted.sites, when: found.condition, unit: plan.unit, settings: behaviour(candidate), positions: positions,
        for: opened.model)
      Console.note(
        "the condition fires at layer \(found.condition.layer) \(found.condition.side.rawValue) "
          + "\(JSONValue.number(found.condition.threshold).text); F1 \(JSONValue.number(found.f1).text) on its own prompts"
      )
    } else {
      adapter = try self.adapter(candidate, fitted)
    }
    if !rows.isEmpty { metrics["held_out"] = .array(rows.map { .object($0.json) }) }
    let training: JSONObject = [
      "data": .string(data), "texts": .integer(fold.development.count),
      "direction": .string(plan.kind(paired: statements.arePaired).rawValue), "unit": .string(plan.unit.rawValue),
      "sigma": .string(plan.deviation.rawValue), "folds": .integer(plan.folds), "validation": .number(plan.validation),
    ]
    let texts = fitted.ranking.map { [(name: "heads.json", text: $0.json.prettyText)] } ?? []
    try adapter.save(
      to: output,
      AdapterDescription(
        plan: adapter.plan, base: opened.base, parameterCount: adapter.parameterCount, seed: plan.seed,
        training: training, metrics: metrics),
      texts: texts, overwrite: overwrite)
  }

  private func condition(_ path: String) throws -> ConditionSearch.Found {
    let prompts = try StatementReader.read(path)
    let layers = try plan.conditionLayers.resolved(layers: opened.model.shape.layers)
    let found = try Self.collect(
      prompts, opened, at: layers.map { Site(layer: $0, component: .blockOutput) },
      reading: plan.conditionReading == .mean ? .mean : .last, title: "reading prompts of the condition")
    let kind = prompts.arePaired ? Direction.Kind.pcaPairwise : .meanDifference
    let ranked = try ConditionalFit(found).conditions(
      of: Array(prompts.items.indices), kind: kind, reading: plan.conditionReading,
      using: RandomSource(seed: plan.seed))
    guard let best = ranked.first else { throw FittingError.tooFew(what: "layers of the condition", needed: 1, got: 0) }
    return best
  }
}
