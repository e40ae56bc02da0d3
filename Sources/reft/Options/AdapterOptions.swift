import ArgumentParser
import Diagnostics
import Interventions
import JSON
import Pretrained

/// Adapters that act on the model, in order.
struct AdapterOptions: ParsableArguments {
  @Option(help: "An adapter folder; several act one after the other, in any mixture of methods.")
  var adapter: [String] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: "How far each adapter goes: 0 not at all, 1 as trained; once for all, or once for each in order.")
  var strength: [Double] = []

  @Option(help: "Names of the subspaces that act, divided by commas, for adapters that have such.")
  var subspaces: String?

  @Flag(help: "Accept an adapter that was trained on other weights of the same shape.")
  var otherWeights = false

  func open(for model: PretrainedModel) throws -> OpenedAdapters {
    guard strength.count <= 1 || strength.count == adapter.count else {
      throw InputError.usage(
        problem: "\(strength.count) strengths for \(adapter.count) adapters",
        remedy: "give --strength once for all of them, or once for each in their order")
    }
    let names = subspaces.map { Set($0.split(separator: ",").map(String.init)) }
    return OpenedAdapters(
      paths: adapter,
      uses: try adapter.enumerated().map { i, path in
        let loaded = try Adapter.load(path, for: model.model, base: model.base, checkingWeights: !otherWeights).adapter
        return try AdapterUse(
          loaded, strength: strength.isEmpty ? 1 : strength[min(i, strength.count - 1)], subspaces: names)
      })
  }
}

/// Opened adapters, and which of them each record of an input asks for.
struct OpenedAdapters {
  private let paths: [String]
  /// All of them, in their order.
  let uses: [AdapterUse]
  private var routes: [[AdapterUse]]
  private var known: [String: Int] = [:]

  init(paths: [String], uses: [AdapterUse]) {
    self.paths = paths
    self.uses = uses
    routes = [uses]
  }

  /// The route of one record: all adapters, or those that its `adapters` lists, each a name or
  /// `{"name", "strength", "subspaces"}`.
  ///
  /// A name is a folder as it was given on the command line, or the last part of its path.
  mutating func route(of record: JSONReader) throws -> Int {
    guard let chosen = record.object["adapters"] else { return 0 }
    if let route = known[chosen.text] { return route }
    let list = try record.array("adapters").map { entry in
      if let name = entry.string { return try use(name, record) }
      let entry = try JSONReader(entry, source: record.source)
      try entry.allow(only: ["name", "strength", "subspaces"])
      let whole = try use(entry.string("name"), record)
      let names = try entry.array(ifPresent: "subspaces")?.map { name in
        guard let name = name.string else {
          throw JSONError.type(
            key: "subspaces", expected: "a list of names", got: name.text, source: record.source)
        }
        return name
      }
      return try AdapterUse(
        whole.adapter, strength: entry.double(ifPresent: "strength") ?? whole.strength,
        subspaces: names.map { Set($0) } ?? whole.subspaces)
    }
    routes.append(list)
    known[chosen.text] = routes.count - 1
    return routes.count - 1
  }

  private func use(_ name: String, _ record: JSONReader) throws -> AdapterUse {
    let names = paths.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
    guard let index = paths.firstIndex(of: name) ?? names.firstIndex(of: name) else {
      throw JSONError.type(
        key: "adapters", expected: "names of adapters given with --adapter (\(names.joined(separator: ", ")))",
        got: "'\(name)'" + (NearestName.closest(to: name, in: names).map { " (did you mean '\($0)'?)" } ?? ""),
        source: record.source)
    }
    return uses[index]
  }

  /// What makes the taps.
  func edits() throws -> AdapterRoutes { try AdapterRoutes(routes) }
}
