import Interventions
import LanguageModels

/// A place in pyvene's words, which names a file: `layer_3_comp_block_output_unit_pos_nunit_1#0`.
///
/// Three generations of names: that; `layer.3.comp.block_output.unit.pos.nunit.1#0`; and `repr` in place of `comp`. A module's
/// path in place of the component: `comp_model_layers[3]_output_unit_pos_nunit_1#0`, or with dots.
struct PyreftKey: Equatable {
  let site: Site
  /// The number of interventions at this place before this one.
  let count: Int

  /// pyvene's names of components, and ours.
  private static let components: [(theirs: String, ours: Component)] = [
    ("block_input", .blockInput), ("attention_input", .attentionInput), ("query_output", .query),
    ("key_output", .key), ("value_output", .value), ("attention_output", .attentionOutput), ("mlp_input", .mlpInput),
    ("mlp_activation", .mlpActivation), ("mlp_output", .mlpOutput), ("block_output", .blockOutput),
  ]

  static func isFile(_ name: String) -> Bool { name.hasPrefix("intkey_") && name.hasSuffix(".bin") }

  /// A place that pyvene has a word for.
  init?(_ site: Site, count: Int) {
    guard Self.components.contains(where: { $0.ours == site.component }) else { return nil }
    self.site = site
    self.count = count
  }

  /// pyvene's name of the component.
  var component: String { Self.components.first { $0.ours == site.component }?.theirs ?? site.component.rawValue }

  /// The key as the present generation writes it.
  var text: String { "layer_\(site.layer)_comp_\(component)_unit_pos_nunit_1#\(count)" }
  var fileName: String { "intkey_\(text).bin" }

  /// Reads the name of a file.
  init(file name: String, in folder: String, _ context: ConversionContext) throws(ConversionError) {
    func malformed(_ problem: String) -> ConversionError {
      .malformed(problem: "\(problem) in '\(name)'", file: folder)
    }
    // One spelling of all generations: words between dots; what was a dot or an underscore within a name is told later.
    let key = name.dropFirst("intkey_".count).dropLast(".bin".count)
    guard let hash = key.lastIndex(of: "#"), let count = Int(key[key.index(after: hash)...]), count >= 0 else {
      throw malformed("expected '#' and a number at the end")
    }
    let place = key[..<hash].map { $0 == "_" ? "." : $0 }
    let text = String(place)
    guard let unit = text.range(ofLast: ".unit."), let units = text.range(ofLast: ".nunit.") else {
      throw malformed("expected 'unit' and 'nunit'")
    }
    guard text[unit.upperBound..<units.lowerBound] == "pos" else {
      throw .unsupported(
        key: "unit", value: "'\(text[unit.upperBound..<units.lowerBound])'",
        reason: "positions of whole activations are read, heads are not", file: "\(folder)/\(name)")
    }
    let head = text[..<unit.lowerBound]
    self.count = count
    guard let site = try Self.site(head, context) else {
      throw .unsupported(
        key: "component", value: "'\(head)'",
        reason: "known are \(Self.components.map(\.theirs).joined(separator: ", ")) and modules that write one of them",
        file: "\(folder)/\(name)")
    }
    self.site = site
    guard (0..<context.model.shape.layers).contains(site.layer) else {
      throw .malformed(
        problem: "'\(name)' is for layer \(site.layer), the model has \(context.model.shape.layers)", file: folder)
    }
  }

  /// `layer.3.comp.block.output`, `layer.3.repr.block.output`, `comp.model.layers[3].output`.
  private static func site(_ text: Substring, _ context: ConversionContext) throws(ConversionError) -> Site? {
    let words = text.split(separator: ".").map(String.init)
    if words.count > 3, words[0] == "layer", let layer = Int(words[1]), ["comp", "repr"].contains(words[2]) {
      let name = words[3...].joined(separator: "_")
      return components.first { $0.theirs == name }.map { Site(layer: layer, component: $0.ours) }
    }
    guard words.count > 2, ["comp", "repr"].contains(words[0]) else { return nil }
    return module(words[1...].joined(separator: "."), context)
  }

  /// The site of a module's output or input: `model.layers[3].output`, `model.layers[3].mlp.down.proj.output`.
  private static func module(_ path: String, _ context: ConversionContext) -> Site? {
    guard let open = path.firstIndex(of: "["), let close = path.firstIndex(of: "]"), open < close,
      let layer = Int(path[path.index(after: open)..<close])
    else { return nil }
    let rest = path[path.index(after: close)...].split(separator: ".").map(String.init)
    switch rest {
    case ["output"]: return Site(layer: layer, component: .blockOutput)
    case ["input"]: return Site(layer: layer, component: .blockInput)
    case ["mlp", "output"]: return Site(layer: layer, component: .mlpOutput)
    case ["mlp", "input"]: return Site(layer: layer, component: .mlpInput)
    default:
      guard rest.last == "output" else { return nil }
      // Dots and underscores cannot be told apart in the present generation: compare without them.
      func folded(_ text: String) -> String { text.filter { $0 != "." && $0 != "_" && $0 != "[" && $0 != "]" } }
      let wanted = folded(path.split(separator: ".").dropLast().joined())
      return context.paths.all.first { folded($0) == wanted }.flatMap { context.paths.site(of: $0) }
    }
  }
}

extension String {
  /// Where a word stands last.
  fileprivate func range(ofLast word: String) -> Range<Index>? {
    var at = endIndex
    while at > startIndex {
      at = index(before: at)
      if self[at...].hasPrefix(word) { return at..<index(at, offsetBy: word.count) }
    }
    return nil
  }
}
