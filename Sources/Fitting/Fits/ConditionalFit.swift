public import Interventions
public import JSON
public import LanguageModels
public import Tensors

/// Fits conditional steering: a condition at the layer that tells its prompts apart best, and a behaviour.
///
/// Source: CAST, arXiv 2409.05907, sec. 3.
public struct ConditionalFit {
  private let data: LabelledActivations

  /// A fit on block outputs of prompts for which the condition should fire (true) and should not.
  public init(_ prompts: LabelledActivations) {
    data = prompts
  }

  /// One condition a layer, each with its best threshold, best first.
  ///
  /// - Parameters:
  ///   - texts: those that are fitted on.
  ///   - reading: what the activations were collected as.
  public func conditions(
    of texts: [Int], kind: Direction.Kind = .pcaPairwise, reading: Condition.Reading = .mean, squashes: Bool = true,
    using random: RandomSource
  ) throws -> [ConditionSearch.Found] {
    var candidates: [Condition] = []
    var similarities: [[Double]] = []
    for site in data.activations.sites {
      let direction = try Direction(
        kind, in: data.samples(at: site, of: texts), using: random, place: site.description)
      let condition = Condition(
        layer: site.layer, vector: try Tensor(direction.vector.map(Float.init)), threshold: 0, reading: reading,
        squashes: squashes)
      candidates.append(condition)
      similarities.append(try condition.similarities(of: data.activations.rows(at: site, of: texts)))
    }
    return try ConditionSearch.ranked(
      candidates, similarities: similarities, labels: texts.map { data.labels[$0] })
  }

  /// An adapter of method `conditional`: these directions where the condition fires.
  ///
  /// - Parameter settings: of the behaviour: coefficient, operator, normalise.
  public static func adapter(
    _ directions: [(site: Site, direction: Direction)], when condition: Condition, unit: SteeringFit.Unit = .one,
    settings: JSONObject = [:], positions: Positions = .all, registry: InterventionRegistry = .standard,
    for model: any LanguageModel
  ) throws -> Adapter {
    var all = settings
    all["condition_layer"] = .integer(condition.layer)
    all["threshold"] = .number(condition.threshold)
    all["fires"] = .string(condition.side.rawValue)
    all["condition_reading"] = .string(condition.reading.rawValue)
    all["tanh"] = .bool(condition.squashes)
    let locations = directions.map { Location($0.site, positions: positions) }
    let tensors = try directions.flatMap {
      try SteeringFit.tensors($0.direction, at: $0.site, unit: unit) + [
        NamedTensor("\($0.site).condition", condition.vector)
      ]
    }
    return try Adapter(
      Adapter.Plan(method: ConditionalSteering.method, settings: all, locations: locations),
      of: registry.method(ConditionalSteering.method), for: model, restoring: tensors, source: "fitted directions")
  }
}
