import LanguageModels

/// The linear maps of a model by the paths of their modules: `model.layers.3.self_attn.q_proj`, which other libraries name.
struct ModulePaths {
  /// Sites by the path of the map that writes them.
  private var sites: [String: Site] = [:]
  private var paths: [Site: String] = [:]
  /// Every path, in the order of the model.
  private(set) var all: [String] = []

  /// Maps that write several sites, in the order of the model.
  private(set) var fused: [FusedModule] = []
  /// Modules of the checkpoint, those without a site included.
  private let modules: Set<String>
  /// What follows the number of the layer in the names of its modules.
  private var ends: [Int: [String]] = [:]

  /// - Parameter tensors: the names in the model's checkpoint, by which the parts of a fused map, whose names are made up, are
  ///   told from modules.
  init(of model: any LanguageModel, tensors: [String]) {
    modules = Set(tensors.filter { $0.hasSuffix(".weight") }.map { String($0.dropLast(".weight".count)) })
    for layer in 0..<model.shape.layers {
      for component in model.components.sorted() {
        guard let projection = model.projection(writing: component, layer: layer) else { continue }
        let path = Self.named(String(projection.weightName.dropLast(".weight".count)))
        guard isModule(path) else { continue }
        let site = Site(layer: layer, component: component)
        paths[site] = path
        sites[path] = site
        all.append(path)
      }
    }
    for module in modules.sorted() {
      if let (layer, end) = Self.end(of: module) { ends[layer, default: []].append(end) }
      if let map = FusedModule(Self.named(module), in: model.shape), map.parts.allSatisfy({ paths[$0.site] == nil }) {
        fused.append(map)
      }
    }
    fused.sort { $0.layer < $1.layer }
  }

  /// GPT-2 is published without the name of the model within its class, where other libraries look.
  private static func named(_ path: String) -> String { path.hasPrefix("h.") ? "transformer." + path : path }

  /// The number of the layer, and what follows it.
  private static func end(of path: String) -> (layer: Int, end: String)? {
    let words = path.split(separator: ".")
    guard let place = words.lastIndex(where: { Int($0) != nil }), let layer = Int(words[place]) else { return nil }
    return (layer, words[(place + 1)...].joined(separator: "."))
  }

  /// Whether the checkpoint has a module of this path, which may begin further in than the checkpoint's, or further out.
  private func isModule(_ path: String) -> Bool {
    modules.contains(path) || modules.contains { $0.hasSuffix("." + path) || path.hasSuffix("." + $0) }
  }

  /// The path of the map that writes a site, where it has one of its own.
  func path(of site: Site) -> String? { paths[site] }

  /// The site that the map at a path writes. Models without a head are known by paths that begin further in.
  func site(of path: String) -> Site? {
    if let site = sites[path] { return site }
    let found = sites.filter { $0.key.hasSuffix("." + path) || path.hasSuffix("." + $0.key) }
    return found.count == 1 ? found.first?.value : nil
  }

  /// The fused map at a path.
  func fused(at path: String) -> FusedModule? {
    fused.first { $0.path == path || $0.path.hasSuffix("." + path) || path.hasSuffix("." + $0.path) }
  }

  /// Whether the model has a module at this path, though it writes no site: an embedding, a norm.
  func isWithoutSite(_ path: String) -> Bool { site(of: path) == nil && isModule(path) }

  /// The shortest end of a path that no other module of its layer has: `q_proj`, `attn.c_proj`; `nil` where all of what follows
  /// the number of the layer would not do.
  func name(of path: String) -> String? {
    guard let (layer, end) = Self.end(of: path) else { return nil }
    let others = (ends[layer] ?? []).filter { $0 != end }
    var words = end.split(separator: ".")
    var name = words.popLast().map(String.init) ?? end
    while others.contains(where: { $0 == name || $0.hasSuffix("." + name) }) {
      guard let next = words.popLast() else { return nil }
      name = "\(next).\(name)"
    }
    return name
  }
}
