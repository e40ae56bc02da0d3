import LanguageModels

/// The linear maps of a model by the paths of their modules: `model.layers.3.self_attn.q_proj`, which other libraries name.
struct ModulePaths {
  /// Sites by the path of the map that writes them.
  private var sites: [String: Site] = [:]
  private var paths: [Site: String] = [:]
  /// Every path, in the order of the model.
  private(set) var all: [String] = []

  init(of model: any LanguageModel) {
    for layer in 0..<model.shape.layers {
      for component in model.components.sorted() {
        guard let projection = model.projection(writing: component, layer: layer) else { continue }
        let site = Site(layer: layer, component: component)
        let path =
          projection.weightName.hasSuffix(".weight")
          ? String(projection.weightName.dropLast(".weight".count)) : projection.weightName
        paths[site] = path
        // Parts of one fused map have one name, which stands for none of them.
        if all.contains(path) { sites[path] = nil } else { sites[path] = site }
        all.append(path)
      }
    }
  }

  /// The path of the map that writes a site, where it has one of its own.
  func path(of site: Site) -> String? {
    guard let path = paths[site], sites[path] == site else { return nil }
    return path
  }

  /// The site that the map at a path writes. Models without a head are known by paths that begin further in.
  func site(of path: String) -> Site? {
    if let site = sites[path] { return site }
    let found = sites.filter { $0.key.hasSuffix("." + path) || path.hasSuffix("." + $0.key) }
    return found.count == 1 ? found.first?.value : nil
  }

  /// Whether several sites share the map at this path.
  func isFused(_ path: String) -> Bool { all.contains(path) && sites[path] == nil }

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
