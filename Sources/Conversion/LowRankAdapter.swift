import Interventions
import JSON
import LanguageModels

/// LoRA or DoRA between formats: matrices and alpha of each linear map, from which ranks, alphas and their patterns follow.
struct LowRankAdapter {
  /// What is added to one linear map.
  struct Map {
    let site: Site
    /// A `[r, in]`, B `[out, r]`.
    let A, B: PlainTensor
    /// m `[out]` of DoRA.
    let magnitude: PlainTensor?
    let alpha: Double

    var rank: Int { A.shape[0] }
  }

  var maps: [Map]
  var isDoRA: Bool
  /// The rank and alpha that most maps have.
  var rank: Int
  var alpha: Double
  var dropout: Double
  var rankStabilised: Bool

  init(_ maps: [Map], isDoRA: Bool, rank: Int, alpha: Double, dropout: Double, rankStabilised: Bool) {
    (self.maps, self.isDoRA, self.rank) = (maps, isDoRA, rank)
    (self.alpha, self.dropout, self.rankStabilised) = (alpha, dropout, rankStabilised)
  }

  /// The adapter with our settings.
  func portable(for model: any LanguageModel) -> PortableAdapter {
    let parts = maps.map { map in
      PortableAdapter.Part(
        map.site,
        [map.A.named("A"), map.B.named("B")] + (map.magnitude.map { [$0.named("magnitude")] } ?? []))
    }
    let ranks = Self.pattern(maps.map { ($0.site, $0.rank) }, standard: rank) { .integer($0) }
    let alphas = Self.pattern(maps.map { ($0.site, $0.alpha) }, standard: alpha) { .number($0) }
    return PortableAdapter(
      method: isDoRA ? "dora" : "lora",
      settings: [
        "rank": .integer(rank), "alpha": .number(alpha), "dropout": .number(dropout), "rslora": .bool(rankStabilised),
        "rank_pattern": .object(ranks), "alpha_pattern": .object(alphas),
      ], at: .all, parts: parts, in: model)
  }

  /// One entry for a component that deviates as a whole, else one for each site that does.
  private static func pattern<Value: Equatable>(
    _ values: [(site: Site, value: Value)], standard: Value, _ json: (Value) -> JSONValue
  ) -> JSONObject {
    var pattern: JSONObject = [:]
    for (component, group) in Dictionary(grouping: values, by: \.site.component).sorted(by: { $0.key < $1.key }) {
      let group = group.sorted { $0.site < $1.site }
      guard group.contains(where: { $0.value != standard }) else { continue }
      if let first = group.first, group.allSatisfy({ $0.value == first.value }) {
        pattern[component.rawValue] = json(first.value)
      } else {
        for (site, value) in group where value != standard { pattern[site.description] = json(value) }
      }
    }
    return pattern
  }

  /// What an adapter of ours is; `nil` for another method.
  init?(_ adapter: PortableAdapter, layers: Int) throws {
    guard ["lora", "dora"].contains(adapter.plan.method) else { return nil }
    let settings = JSONReader(adapter.plan.settings, source: "the adapter's settings")
    isDoRA = adapter.plan.method == "dora"
    rank = try settings.int("rank")
    alpha = try settings.double("alpha")
    dropout = try settings.double("dropout")
    rankStabilised = try settings.bool("rslora")
    let alphas = try settings.reader(ifPresent: "alpha_pattern")
    let standard = alpha
    maps = try adapter.parts.map { part in
      guard let A = part["A"], let B = part["B"] else {
        throw ConversionError.missingTensor(name: "\(part.key).A", file: "the adapter")
      }
      return Map(
        site: part.site, A: A, B: B, magnitude: part["magnitude"],
        alpha: try alphas.flatMap { try Self.alpha(of: part.site, in: $0, layers: layers) } ?? standard)
    }
  }

  /// The entry of a pattern for a site; one that names layers goes before one that does not.
  private static func alpha(of site: Site, in patterns: JSONReader, layers: Int) throws -> Double? {
    var general: Double?
    for key in patterns.object.keys {
      let location = try Location(parsing: key.contains(".") ? key : "all.\(key)")
      guard location.component == site.component, try location.layers.resolved(layers: layers).contains(site.layer)
      else { continue }
      if location.layers != .all { return try patterns.double(key) }
      general = try patterns.double(key)
    }
    return general
  }
}
