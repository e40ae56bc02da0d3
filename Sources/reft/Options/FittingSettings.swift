import ArgumentParser
import Diagnostics
import Fitting
import Interventions
import JSON

/// How something is fitted.
struct FittingSettings: ParsableArguments {
  @Option(help: "iti, steering or conditional.")
  var method = "steering"

  @Option(
    help: """
      mean_difference (also mass_mean, cluster_mean), probe_weight, ccs, pca_diff, pca_center, pca_pairwise or random. Default: \
      mean_difference for iti and for texts that are no pairs, else pca_diff.
      """)
  var direction: String?

  @Option(help: "iti: how many heads, a number or a share such as 10%.")
  var heads = "10%"

  @Option(help: "iti: deviations by which a head's output is moved.")
  var alpha = 15.0

  @Option(help: "iti: development, or leaking for deviations of all texts, held-out ones too, as the reference has it.")
  var sigma = "development"

  @Option(help: "iti: positions; l1+generated for the last token of every step, as the paper generates.")
  var positions = "all"

  @Option(help: "steering: where, such as 10..20.block_output@all.")
  var locations: String?

  @Option(help: "steering: factor on the vector.")
  var coefficient = 1.0

  @Option(help: "steering: add, piecewise or projection.")
  var `operator` = "add"

  @Option(
    help: "steering: what a coefficient of 1 is: one (unit vectors), sigma (deviations), difference (of the means).")
  var unit = "one"

  @Flag(help: "steering: keep the length of each row.")
  var normalise = false

  @Option(help: "conditional: prompts that should fire (label true, or positive) and that should not.")
  var conditionData: String?

  @Option(help: "conditional: layers among which the condition is looked for, such as 5..15.")
  var conditionLayers = "all"

  @Option(help: "conditional: mean or last, the state of the prompt that is looked at.")
  var conditionReading = "mean"

  @Option(help: "Hold out each of so many parts of the groups in turn, and print scores.")
  var folds = 1

  @Option(help: "With --folds: fit without this part (counted from 0), and score it alone.")
  var fold: Int?

  @Option(help: "Share of the groups that are not held out by which heads are chosen.")
  var validation = 0.2

  @Option(help: "Draws validation groups, random directions and starts of ccs.")
  var seed: UInt64 = 42

  @Option(help: "Settings to try on held-out texts: alpha=5,10,15 or heads=16,10% (iti), coefficient=1,2 (steering).")
  var sweep: [String] = []

  @Option(
    help: "Keep no setting of a sweep whose held-out loss is more than so many nats a token above the model's own.")
  var lossGuard: Double?
}

/// Settings that were checked.
struct FittingPlan {
  /// One setting of what can be swept.
  struct Candidate: Equatable {
    var alpha: Double
    var heads: HeadCount
    var coefficient: Double
  }

  let method: String
  let direction: Direction.Kind?
  let deviation: InferenceTimeFit.Deviation
  let positions: Positions
  let locations: [Location]
  let behaviour: JSONObject
  let unit: SteeringFit.Unit
  let conditionData: String?
  let conditionLayers: LayerSelection
  let conditionReading: Condition.Reading
  let folds: Int
  let fold: Int?
  let validation: Double
  let seed: UInt64
  let isEvaluated: Bool
  let lossGuard: Double?
  /// What differs between candidates.
  let swept: [String]
  /// Every setting that is tried; one without a sweep.
  let candidates: [Candidate]

  init(_ settings: FittingSettings) throws {
    let registry = InterventionRegistry.standard
    method = settings.method
    guard ["iti", "steering", "conditional"].contains(method) else {
      _ = try registry.method(method)
      throw InputError.usage(problem: "\(method) is trained, not fitted", remedy: "use reft train --method \(method)")
    }
    direction = try settings.direction.map { try Self.kind($0) }
    deviation = try Self.choice("--sigma", settings.sigma)
    positions = try Location(parsing: "0.block_output@\(settings.positions)").positions
    locations = try Location.list(parsing: settings.locations ?? registry.method("steering").defaultLocations)
    if method == "iti", settings.locations != nil {
      throw InputError.usage(
        problem: "iti chooses its heads itself", remedy: "leave out --locations; see --heads and --positions")
    }
    let operation: Steering.Operator = try Self.choice("--operator", settings.operator)
    behaviour = ["operator": .string(operation.rawValue), "normalise": .bool(settings.normalise)]
    unit = try Self.choice("--unit", settings.unit)
    conditionData = settings.conditionData
    guard (method == "conditional") == (conditionData != nil) else {
      throw InputError.usage(
        problem: method == "conditional" ? "a condition needs prompts" : "\(method) has no condition",
        remedy: method == "conditional" ? "give --condition-data" : "leave out --condition-data")
    }
    conditionLayers = try Location(parsing: "\(settings.conditionLayers).block_output").layers
    conditionReading = try Self.choice("--condition-reading", settings.conditionReading)
    isEvaluated = settings.folds > 1 || !settings.sweep.isEmpty
    folds = isEvaluated ? max(2, settings.folds) : settings.folds
    fold = settings.fold
    if let fold, !(isEvaluated && (0..<folds).contains(fold)) {
      throw InputError.usage(
        problem: "--fold \(fold): there is no such part", remedy: "give --folds N, and a part from 0 to N - 1")
    }
    if isEvaluated, method == "conditional" {
      throw InputError.usage(
        problem: "conditional steering is not scored on held-out texts",
        remedy: "sweep its behaviour with --method steering")
    }
    lossGuard = settings.lossGuard
    guard lossGuard == nil || isEvaluated else {
      throw InputError.usage(
        problem: "--loss-guard judges held-out scores, and nothing is held out", remedy: "give --folds or --sweep")
    }
    validation = settings.validation
    seed = settings.seed
    var candidates = [
      Candidate(
        alpha: settings.alpha, heads: try HeadCount(settings.heads, key: "--heads"), coefficient: settings.coefficient)
    ]
    var swept: [String] = []
    for text in settings.sweep {
      let (key, values) = try Self.swept(text, method)
      swept.append(key)
      candidates = try candidates.flatMap { candidate in
        try values.map { value in
          var changed = candidate
          if key == "heads" {
            changed.heads = try HeadCount(value, key: "--sweep heads")
          } else {
            guard let number = Double(value), number.isFinite else {
              throw InputError.usage(problem: "--sweep \(key): '\(value)' is no number", remedy: "write \(key)=1,2,3")
            }
            if key == "alpha" { changed.alpha = number } else { changed.coefficient = number }
          }
          return changed
        }
      }
    }
    self.swept = swept
    self.candidates = candidates
  }

  /// What a candidate is called in tables: what differs between candidates, or all that counts.
  func name(of candidate: Candidate) -> String {
    let keys = swept.isEmpty ? (method == "iti" ? ["alpha", "heads"] : ["coefficient"]) : swept
    return keys.map { key in
      switch key {
      case "alpha": "alpha \(JSONValue.number(candidate.alpha).text)"
      case "heads": "heads \(candidate.heads)"
      default: "coefficient \(JSONValue.number(candidate.coefficient).text)"
      }
    }.joined(separator: ", ")
  }

  /// The kind of direction for data with or without pairs.
  func kind(paired: Bool) -> Direction.Kind {
    direction ?? (method != "iti" && paired ? .pcaDifference : .meanDifference)
  }

  static func kind(_ name: String) throws -> Direction.Kind {
    guard let kind = Direction.Kind(name: name) else {
      let known = Direction.Kind.allCases.map(\.rawValue) + ["mass_mean", "cluster_mean"]
      throw InputError.usage(
        problem: "--direction: there is no '\(name)'", remedy: NearestName.remedy(for: name, among: known))
    }
    return kind
  }

  private static func choice<C: RawRepresentable<String> & CaseIterable>(_ option: String, _ name: String) throws -> C {
    guard let choice = C(rawValue: name) else {
      throw InputError.usage(
        problem: "\(option): there is no '\(name)'",
        remedy: NearestName.remedy(for: name, among: C.allCases.map(\.rawValue)))
    }
    return choice
  }

  private static func swept(_ text: String, _ method: String) throws -> (key: String, values: [String]) {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    let known = method == "iti" ? ["alpha", "heads", "k"] : ["coefficient"]
    guard parts.count == 2, known.contains(parts[0]), case let values = parts[1].split(separator: ",").map(String.init),
      !values.isEmpty
    else {
      throw InputError.usage(
        problem: "--sweep '\(text)' is not of the form key=value,value",
        remedy: "\(method) has: \(known.joined(separator: ", "))")
    }
    return (parts[0] == "k" ? "heads" : parts[0], values)
  }
}
