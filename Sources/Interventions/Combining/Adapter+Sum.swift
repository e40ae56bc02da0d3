public import LanguageModels
import JSON
import Tensors

extension Adapter {
  /// One adapter that does what several do side by side: `h + sum w_i (Phi_i(h) - h)`.
  ///
  /// Constant edits, of whatever methods, become `steering`. Edits of one method whose deltas add up (LoRA by joining the ranks,
  /// DiReFT, RED) become one of that method. A weight of -1 negates, one adapter with a weight is scaled.
  ///
  /// - Throws: ``AdapterError/notSummable(methods:reason:)`` where no adapter does exactly that.
  public static func sum(
    _ terms: [(adapter: Adapter, weight: Double)], for model: any LanguageModel,
    registry: InterventionRegistry = .standard
  ) throws -> Adapter {
    var methods: [String] = []
    for term in terms where !methods.contains(term.adapter.plan.method) { methods.append(term.adapter.plan.method) }
    func refused(_ reason: String) -> AdapterError { .notSummable(methods: methods, reason: reason) }
    guard let first = terms.first else { throw refused("there is none") }
    guard terms.allSatisfy({ $0.weight.isFinite }) else { throw refused("a weight is not a number") }
    guard terms.allSatisfy({ $0.adapter.plan.rule == first.adapter.plan.rule }) else {
      throw refused("they cut the ends of short prompts by different rules")
    }
    var places: [Place] = []
    for (adapter, weight) in terms {
      for part in adapter.parts {
        guard part.side == .both else { throw refused("\(part.positions) has an intervention for each end") }
        let index = places.firstIndex { $0.site == part.target.site && $0.positions == part.positions }
        if index == nil { places.append(Place(site: part.target.site, positions: part.positions)) }
        places[index ?? places.count - 1].terms.append((part, weight))
      }
    }
    let parts = terms.flatMap(\.adapter.parts)
    let (method, settings, tensors): (String, JSONObject, [[NamedTensor]])
    if parts.allSatisfy({ ($0.intervention as? any ConstantEdit)?.isConstant == true }) {
      (method, settings) = (Steering.method, Steering.Configuration().json)
      tensors = try places.map { place in
        var vector: Tensor?
        for (part, weight) in place.terms {
          guard let edit = part.intervention as? any ConstantEdit else { continue }
          let c = try edit.constant(at: part.target) * weight
          vector = if let vector { try vector + c } else { c }
        }
        guard let vector else { return [] }
        return [NamedTensor("vector", vector)]
      }
    } else if methods.count == 1, let kind = parts.first.flatMap({ $0.intervention as? any Summable }) {
      method = methods[0]
      (settings, tensors) = try withoutGradients { try Self.sums(places, like: kind) }
    } else {
      throw refused(
        methods.count == 1
          ? "the sum of its edits is not one of its edits"
          : "edits that depend on the input add up within one method only")
    }
    var (locations, named, keys): ([Location], [NamedTensor], PartKeys) = ([], [], PartKeys())
    for (place, tensors) in zip(places, tensors) {
      let key = keys.next(place.site.description)
      locations.append(Location(place.site, positions: place.positions))
      named += tensors.map { NamedTensor("\(key).\($0.name)", $0.tensor) }
    }
    return try Adapter(
      Plan(method: method, settings: settings, locations: locations, rule: first.adapter.plan.rule),
      of: registry.method(method), for: model, restoring: named, source: "the sum")
  }

  /// Where terms of a sum act together.
  private struct Place {
    let site: Site
    let positions: Positions
    var terms: [(part: Part, weight: Double)] = []
  }

  private static func sums<Kind: Summable>(
    _ places: [Place], like kind: Kind
  ) throws -> (settings: JSONObject, tensors: [[NamedTensor]]) {
    let terms = places.map { place in
      place.terms.compactMap { part, weight in (part.intervention as? Kind).map { (term: $0, weight: weight) } }
    }
    let rank = terms.map { $0.reduce(0) { $0 + $1.term.rank } }.max() ?? 0
    return (
      try Kind.settings(ofSum: terms.flatMap { $0.map(\.term) }, rank: rank),
      try terms.map { try Kind.sum($0, rank: rank) }
    )
  }
}
