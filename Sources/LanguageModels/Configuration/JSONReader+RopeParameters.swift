import JSON

extension JSONReader {
  /// The configuration with `rope_parameters`, which transformers writes from version 5 on, under the keys of before:
  /// `rope_theta`, `rope_scaling` and `partial_rotary_factor`.
  ///
  /// - Throws: ``ModelError/unsupported(key:value:source:supported:)`` for one set of parameters a kind of layer.
  func withRopeParametersSpread() throws -> JSONReader {
    guard let rope = try reader(ifPresent: "rope_parameters") else { return self }
    guard !rope.object.keys.contains(where: { rope.object[$0]?.object != nil }) else {
      throw ModelError.unsupported(
        key: "rope_parameters", value: "an object for each kind of layer", source: source,
        supported: "one object for all layers; or rope_theta and rope_scaling, as transformers 4 writes them")
    }
    var spread = object
    spread["rope_parameters"] = nil
    spread["rope_theta"] = rope.object["rope_theta"] ?? spread["rope_theta"]
    if let share = rope.object["partial_rotary_factor"] {
      // GPT-NeoX calls it rotary_pct.
      for key in ["partial_rotary_factor", "rotary_pct"] { spread[key] = share }
    }
    spread["rope_scaling"] = .object(rope.object)
    if rope.object["rope_type"] == nil { spread["rope_scaling"] = nil }
    return JSONReader(spread, source: source)
  }
}
