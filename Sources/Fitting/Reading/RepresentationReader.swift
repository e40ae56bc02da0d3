public import Interventions
public import LanguageModels
import Tensors

/// Reads how much of a concept is in each token of a text, layer by layer (RepE).
///
/// `score = (h - mean) . v / |v|`, the mean taken along v; the sign of v was set when it was fitted. Scores of an adapter's own
/// vectors are counted in deviations of the texts it was fitted on, so that layers compare.
///
/// Source: arXiv 2310.01405, sec. 3.1; andyzoujm/representation-engineering.
public struct RepresentationReader {
  /// What is looked for at one site.
  public struct Vector {
    /// Where.
    public let site: Site
    /// v over the whole row of the activation; of any length.
    public let direction: [Double]
    /// The projection that counts as zero.
    public let centre: Double
    /// The length that counts as one; 1 for plain projections.
    public let scale: Double

    /// A reading vector.
    public init(site: Site, direction: [Double], centre: Double = 0, scale: Double = 1) {
      self.site = site
      self.direction = direction
      self.centre = centre
      self.scale = scale
    }
  }

  /// What is looked for, in order of the sites.
  public let vectors: [Vector]
  private let model: any LanguageModel

  /// A reader of given vectors.
  public init(_ vectors: [Vector], model: any LanguageModel) {
    self.vectors = vectors.sorted { $0.site < $1.site }
    self.model = model
  }

  /// A reader of the vectors of a steering adapter; their coefficient does not matter.
  ///
  /// - Throws: ``Interventions/AdapterError/setting(key:expected:got:method:)`` for a method without such vectors.
  public init(of adapter: Adapter, model: any LanguageModel) throws {
    let vectors = try adapter.parts.map { part in
      let found: SteeringVector? =
        (part.intervention as? Steering)?.vector ?? (part.intervention as? ConditionalSteering)?.vector
      guard let found else {
        throw AdapterError.setting(
          key: "method", expected: "one with reading vectors (steering, conditional, reft_r1)",
          got: adapter.plan.method,
          method: adapter.plan.method)
      }
      return Vector(
        site: part.target.site, direction: try found.row.values(), centre: found.centre,
        scale: found.sigma > 0 ? found.sigma : 1)
    }
    self.init(vectors, model: model)
  }

  /// The scores of one text: `[vector][token]`.
  public func scores(of tokens: [Int32]) throws -> [[Double]] {
    let batch = TokenBatch(prompts: [tokens])
    let recorders = vectors.map { _ in Recorder() }
    var tap = Tap.none
    for (vector, recorder) in zip(vectors, recorders) { tap.place(recorder, at: vector.site, on: .all) }
    tap.lastLayer = vectors.map(\.site.layer).max()
    _ = try withoutGradients { try model.hidden(batch, cache: nil, tap: tap) }
    return try zip(vectors, recorders).map { vector, recorder in
      guard let rows = recorder.activations.first else { return [] }
      let flat = try rows.reshaped([tokens.count, -1]).moved(to: .cpu).converted(to: .float64)
      return try Projections(of: flat, on: vector.direction).values.map { ($0 - vector.centre) / vector.scale }
    }
  }
}
