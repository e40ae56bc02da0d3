import Diagnostics
public import JSON
public import Tensors

/// A method as the rest of the house sees it: by name, without its type.
public struct Method: Sendable {
  /// What the method is called everywhere: `loreft`.
  public let name: String
  /// One sentence, with the formula.
  public let summary: String
  /// Paper and section.
  public let reference: String
  /// Where the method acts when the user does not say, as ``Location/list(parsing:)`` reads it.
  public let defaultLocations: String
  /// Whether a new intervention changes nothing.
  public let startsAsIdentity: Bool
  /// Whether its edit can be folded into weights where it acts at every position.
  public let isMergeable: Bool
  /// Why it cannot, where it cannot.
  public let whyNotFoldable: String
  /// Whether it puts rows before a sequence instead of editing the sequence's own.
  public let prepends: Bool
  /// Reads settings strictly and returns them whole, defaults included.
  public let settings: @Sendable (JSONReader) throws -> JSONObject
  /// A new intervention.
  public let make: @Sendable (JSONReader, Target, RandomSource) throws -> any Intervention
  /// An intervention with saved tensors.
  public let restore: @Sendable (JSONReader, Target, SavedTensors) throws -> any Intervention

  init<I: Intervention>(_ type: I.Type) {
    name = I.method
    summary = I.summary
    reference = I.reference
    defaultLocations = I.defaultLocations
    startsAsIdentity = I.startsAsIdentity
    isMergeable = I.self is any Mergeable.Type
    whyNotFoldable = I.whyNotFoldable
    prepends = I.self is any Prepending.Type
    settings = { try I.Configuration($0).json }
    make = { try I(I.Configuration($0), on: $1, using: $2) }
    restore = { try I(I.Configuration($0), on: $1, restoring: $2) }
  }
}

/// The methods that can be trained and loaded, by name.
///
/// A value, so that a library user can add a method of their own.
public struct InterventionRegistry: Sendable {
  private var byName: [String: Method] = [:]

  /// Every method of this package.
  public static var standard: InterventionRegistry {
    var registry = InterventionRegistry()
    registry.add(LoReFT.self)
    registry.add(DiReFT.self)
    registry.add(NoReFT.self)
    registry.add(ConsReFT.self)
    registry.add(LobiReFT.self)
    registry.add(OrthonormalDiReFT.self)
    registry.add(ReFTR1.self)
    registry.add(LoFiT.self)
    registry.add(PrefixTuning.self)
    registry.add(PromptTuning.self)
    registry.add(LoRA.self)
    registry.add(DoRA.self)
    registry.add(IA3.self)
    registry.add(VeRA.self)
    registry.add(ITI.self)
    registry.add(Steering.self)
    registry.add(ConditionalSteering.self)
    registry.add(SeriesAdapter.self)
    registry.add(RED.self)
    registry.add(ParallelAdapter.self)
    registry.add(JoLA.self)
    registry.add(FullFineTuning.self)
    registry.add(BitFit.self)
    return registry
  }

  /// A registry that knows no method; ``standard`` knows those of this package.
  public init() {}

  /// Adds a method under its ``Intervention/method``; the latest wins a name.
  public mutating func add<I: Intervention>(_ type: I.Type) { byName[I.method] = Method(type) }

  /// All methods by name.
  public var methods: [Method] { byName.values.sorted { $0.name < $1.name } }

  /// Looks up a method.
  ///
  /// - Throws: ``AdapterError/unknownMethod(name:known:)``.
  public func method(_ name: String) throws(AdapterError) -> Method {
    guard let method = byName[name] else { throw .unknownMethod(name: name, known: byName.keys.sorted()) }
    return method
  }
}
