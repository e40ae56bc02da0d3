import JSON

/// Named parts of a rank, each index in exactly one: abilities that are trained apart and switched on at will.
public struct Subspaces: Sendable, Equatable {
  /// One part.
  public struct Part: Sendable, Equatable {
    /// What the part is called wherever parts are chosen.
    public let name: String
    /// Its indices among the r rows of R.
    public let indices: Range<Int>
  }

  /// The parts by ascending indices, without a gap.
  public let parts: [Part]

  /// The number of indices, the rank.
  public var rank: Int { parts.last?.indices.upperBound ?? 0 }

  /// The names by ascending indices.
  public var names: [String] { parts.map(\.name) }

  /// The setting `subspaces` of a method: `{name: size, ...}`, counted in the order of the text, or
  /// `{name: [first, last], ...}`, both inclusive.
  ///
  /// - Returns: `nil` where the setting is absent or names no part.
  /// - Throws: ``AdapterError/setting(key:expected:got:method:)`` where the parts overlap, leave a gap or are not numbers.
  init?(_ json: JSONReader, method: String) throws {
    guard let object = try json.reader(ifPresent: "subspaces")?.object, object.count > 0 else { return nil }
    func error(_ expected: String, _ got: String) -> AdapterError {
      .setting(key: "subspaces", expected: expected, got: got, method: method)
    }
    var parts: [Part] = []
    for (name, value) in object {
      let start = parts.last?.indices.upperBound ?? 0
      let ends = value.array?.compactMap(\.int)
      switch (value.int, ends) {
      case (let size?, _) where size > 0 && size < Self.limit:
        parts.append(Part(name: name, indices: start..<start + size))
      case (_, let ends?) where ends.count == 2 && 0 <= ends[0] && ends[0] <= ends[1] && ends[1] < Self.limit:
        parts.append(Part(name: name, indices: ends[0]..<ends[1] + 1))
      default: throw error("a size above zero or [first, last] for each name", "\(name): \(value.text)")
      }
    }
    parts.sort { $0.indices.lowerBound < $1.indices.lowerBound }
    var next = 0
    for part in parts {
      guard part.indices.lowerBound == next else {
        throw error(
          "every index of the rank in one part",
          part.indices.lowerBound < next
            ? "index \(part.indices.lowerBound) in two" : "index \(next) in none")
      }
      next = part.indices.upperBound
    }
    self.parts = parts
  }

  /// No rank is as large; sums of sizes stay far from overflow.
  private static let limit = 1 << 24

  /// `{name: [first, last], ...}`, which does not depend on the order of the names.
  var json: JSONObject {
    var object = JSONObject()
    for part in parts {
      object[part.name] = .array([.integer(part.indices.lowerBound), .integer(part.indices.upperBound - 1)])
    }
    return object
  }

  /// The indices of the chosen parts, ascending; `nil` when all are chosen.
  func indices(of chosen: Set<String>?) -> [Int]? {
    guard let chosen, !names.allSatisfy(chosen.contains) else { return nil }
    return parts.filter { chosen.contains($0.name) }.flatMap(\.indices)
  }
}

/// A method whose rank can be cut into named parts.
public protocol Partitioned: Intervention {
  /// The parts; `nil` where the rank is one.
  var subspaces: Subspaces? { get }
}

extension Adapter {
  /// The names that ``EditMode/subspaces`` may hold; none for an adapter whose rank is one.
  public var subspaces: [String] {
    parts.lazy.compactMap { ($0.intervention as? any Partitioned)?.subspaces }.first?.names ?? []
  }

  /// Refuses names that no part of the rank has.
  ///
  /// - Throws: ``AdapterError/unknownSubspaces(names:known:)``.
  public func check(subspaces chosen: Set<String>) throws(AdapterError) {
    let known = subspaces
    let unknown = chosen.subtracting(known).sorted()
    guard unknown.isEmpty else { throw .unknownSubspaces(names: unknown, known: known) }
  }
}
