import LanguageModels

/// The linear maps of a model by the paths of their modules: `model.layers.3.self_attn.q_proj`, which other libraries name.
struct ModulePaths {
  /// Sites by the path of the map that writes them.
  private var sites: [String: Site] = [:]
  private var paths: [Site: String] = [:]
  /// Every path, in the order of the model.
  private(set) var all: [String] = []

  /// Modules of the checkpoint, those without a site included.
  private let modules: Set<String>

  /// - Parameter tensors: the names in the model's checkpoint, by which the parts of a fused map, whose names are made up, are
  ///   told from modules.
  init(of model: any LanguageModel, tensors: [String]) {
    modules = Set(tensors.filter { $0.hasSuffix(".weight") }.map { String($0.dropLast(".weight".count)) })
    for layer in 0..<model.shape.layers {
      for component in model.components.sorted() {
        guard let projection = model.projection(writing: component, layer: layer) else { continue }
        let stored = String(projection.weightName.dropLast(".weight".count))
        // GPT-2 is published without the name of the model within its class, where other libraries look.
        let path = stored.hasPrefix("h.") ? "transformer." + stored : stored
        guard isModule(path) else { continue }
        let site = Site(layer: layer, component: component)
        paths[site] = path
        sites[path] = site
        all.append(path)
      }
    }
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

  /// Whether the model has a module at this path, though it writes no site alone: a fused map, an embedding.
  func isWithoutSite(_ path: String) -> Bool { site(of: path) == nil && isModule(path) }

  /// The shortest end of a site's path that no other component of its layer shares: `q_proj`, `attn.c_proj`.
  func name(of site: Site) -> String? {
    guard let path = path(of: site) else { return nil }
    let others = paths.filter { $0.key.layer == site.layer && $0.key != site }.values
    var parts = path.split(separator: ".")
    var name = parts.popLast().map(String.init) ?? path
    while others.contains(where: { $0.hasSuffix("." + name) }), let next = parts.popLast() { name = "\(next).\(name)" }
    return name
  }
}
