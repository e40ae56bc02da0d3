public import Checkpoints
public import JSON
public import LanguageModels

/// The model that an adapter was trained on, as far as it must be the same again.
public struct BaseModel: Sendable, Equatable {
  /// The path or name it was opened by; for people.
  public var source: String
  /// The `model_type` of config.json.
  public var modelType: String
  /// The sizes; all of them must be the same again.
  public var shape: ModelShape
  /// ``Checkpoints/Checkpoint/fingerprint``: tells apart models of one shape.
  public var fingerprint: String

  /// An identity from its parts.
  public init(source: String, modelType: String, shape: ModelShape, fingerprint: String) {
    self.source = source
    self.modelType = modelType
    self.shape = shape
    self.fingerprint = fingerprint
  }

  /// The identity of an open checkpoint and the model built from it.
  public init(of checkpoint: Checkpoint, _ model: any LanguageModel) throws {
    self.init(
      source: checkpoint.source, modelType: try checkpoint.configuration.string("model_type"), shape: model.shape,
      fingerprint: checkpoint.fingerprint)
  }

  /// What keeps an adapter for `self` from acting on `other`; `nil` when nothing does.
  func difference(to other: BaseModel, checkingWeights: Bool) -> String? {
    if modelType != other.modelType { return "it was trained on a \(modelType), this is a \(other.modelType)" }
    for (name, mine, its) in zip(shape.named, other.shape.named).map({ ($0.0, $0.1, $1.1) }) where mine != its {
      return "\(name) is \(mine) there and \(its) here"
    }
    if checkingWeights, fingerprint != other.fingerprint {
      return "the weights are others (fingerprint \(fingerprint) there, \(other.fingerprint) here)"
    }
    return nil
  }
}

extension ModelShape {
  /// The sizes that decide whether an adapter fits, by the names they have in adapter.json.
  var named: [(String, Int)] {
    [
      ("layers", layers), ("hidden", hidden), ("heads", heads), ("kv_heads", kvHeads), ("head_dim", headDim),
      ("intermediate", intermediate), ("vocabulary", vocabulary), ("context_length", contextLength),
    ]
  }

  init(_ json: JSONReader) throws {
    self.init(
      layers: try json.int("layers"), hidden: try json.int("hidden"), heads: try json.int("heads"),
      kvHeads: try json.int("kv_heads"), headDim: try json.int("head_dim"), intermediate: try json.int("intermediate"),
      vocabulary: try json.int("vocabulary"), contextLength: try json.int("context_length"))
  }
}

/// What `adapter.json` says: enough to rebuild the adapter, to refuse another model, and to know where it comes from.
public struct AdapterDescription: Sendable, Equatable {
  /// Version of the layout of adapter.json that this code writes and reads.
  public static let schema = 1
  private static let format = "swift-reft adapter"

  /// Method, settings and locations.
  public var plan: Adapter.Plan
  /// The model it was trained on.
  public var base: BaseModel
  /// Trainable numbers as the papers count them.
  public var parameterCount: Int
  /// The seed of initialisation and training.
  public var seed: UInt64
  /// The recipe or settings of the run.
  public var training: JSONObject
  /// What was measured, such as the validation loss.
  public var metrics: JSONObject

  /// A description from its parts.
  public init(
    plan: Adapter.Plan, base: BaseModel, parameterCount: Int, seed: UInt64, training: JSONObject = [:],
    metrics: JSONObject = [:]
  ) {
    self.plan = plan
    self.base = base
    self.parameterCount = parameterCount
    self.seed = seed
    self.training = training
    self.metrics = metrics
  }

  /// The members of adapter.json.
  public var json: JSONObject {
    var sizes = JSONObject()
    for (name, size) in base.shape.named { sizes[name] = .integer(size) }
    return [
      "format": .string(Self.format), "schema": .integer(Self.schema), "method": .string(plan.method),
      "settings": .object(plan.settings), "locations": .string(plan.locations.line),
      "positions": .string(plan.rule.rawValue), "parameters": .integer(parameterCount), "dtype": "float32",
      "base": [
        "source": .string(base.source), "model_type": .string(base.modelType), "shape": .object(sizes),
        "fingerprint": .string(base.fingerprint),
      ],
      "seed": .integer(Int(truncatingIfNeeded: seed)), "training": .object(training), "metrics": .object(metrics),
    ]
  }

  /// Reads adapter.json strictly.
  public init(_ json: JSONReader) throws {
    let format = try json.string("format")
    guard format == Self.format else {
      throw AdapterError.schema(problem: "expected '\(Self.format)', got '\(format)'", source: json.source)
    }
    let schema = try json.int("schema")
    guard schema == Self.schema else {
      throw AdapterError.schema(
        problem: "adapter.json has schema \(schema), this version reads \(Self.schema)", source: json.source)
    }
    let base = try json.reader("base")
    plan = Adapter.Plan(
      method: try json.string("method"), settings: try json.reader("settings").object,
      locations: try Location.list(parsing: json.string("locations")),
      rule: try json.choice("positions", default: .exact))
    self.base = BaseModel(
      source: try base.string("source"), modelType: try base.string("model_type"),
      shape: try ModelShape(base.reader("shape")), fingerprint: try base.string("fingerprint"))
    parameterCount = try json.int("parameters")
    seed = UInt64(truncatingIfNeeded: try json.int("seed"))
    training = try json.reader(ifPresent: "training")?.object ?? [:]
    metrics = try json.reader(ifPresent: "metrics")?.object ?? [:]
  }
}
