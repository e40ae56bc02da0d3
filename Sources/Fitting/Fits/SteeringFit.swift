public import Interventions
public import JSON
public import LanguageModels
public import Tensors

/// Fits steering vectors: one direction a site, from labelled texts or pairs (RepE, repeng, mean difference).
public struct SteeringFit {
  /// What length the fitted vector has, and so what a coefficient of one means.
  public enum Unit: String, Sendable, CaseIterable {
    /// One: repeng and RepE.
    case one
    /// The deviation of the samples along the direction, so that coefficients compare between layers and models.
    case sigma
    /// The distance of the two means: mean-difference steering (CAA).
    case difference
  }

  private let data: LabelledActivations

  /// A fit on activations of the sites that are to be steered.
  public init(_ data: LabelledActivations) {
    self.data = data
  }

  /// The direction of each site.
  ///
  /// - Parameters:
  ///   - texts: those that are fitted on.
  ///   - random: feeds random directions and the starts of ccs.
  public func directions(
    at sites: [Site], of texts: [Int], kind: Direction.Kind = .pcaDifference, using random: RandomSource
  ) throws -> [(site: Site, direction: Direction)] {
    try sites.map { site in
      (
        site,
        try Direction(kind, in: data.samples(at: site, of: texts), using: random, place: site.description)
      )
    }
  }

  /// The tensors of method `steering` at one site: the vector in this unit, and what reading needs of the samples.
  public static func tensors(_ direction: Direction, at site: Site, unit: Unit) throws -> [NamedTensor] {
    let length =
      switch unit {
      case .one: 1.0
      case .sigma: direction.deviation
      case .difference: direction.length
      }
    return [
      NamedTensor("\(site).vector", try Tensor(direction.vector.map { Float($0 * length) })),
      NamedTensor("\(site).sigma", try Tensor([Float(direction.deviation)])),
      NamedTensor("\(site).centre", try Tensor([Float(direction.centre)])),
    ]
  }

  /// An adapter of method `steering` with these directions.
  ///
  /// - Parameter settings: of the method: coefficient, operator, normalise.
  public static func adapter(
    _ directions: [(site: Site, direction: Direction)], unit: Unit = .one, settings: JSONObject = [:],
    positions: Positions = .all, registry: InterventionRegistry = .standard, for model: any LanguageModel
  ) throws -> Adapter {
    let locations = directions.map { Location($0.site, positions: positions) }
    return try Adapter(
      Adapter.Plan(method: Steering.method, settings: settings, locations: locations),
      of: registry.method(Steering.method),
      for: model, restoring: directions.flatMap { try tensors($0.direction, at: $0.site, unit: unit) },
      source: "fitted directions")
  }
}
