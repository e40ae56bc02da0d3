import LanguageModels

/// A linear map of a checkpoint that writes several activations at once, and which of its rows write which.
struct FusedModule {
  let path: String
  let layer: Int
  /// The sites and the rows of the map that write them, in the order of the model.
  let parts: [(site: Site, rows: [Int])]

  /// The maps that are known by their last names: what they write, and whether head by head (GPT-NeoX) or part by part.
  private static let known: [String: (components: [Component], byHead: Bool)] = [
    "c_attn": ([.query, .key, .value], false), "qkv_proj": ([.query, .key, .value], false),
    "query_key_value": ([.query, .key, .value], true), "gate_up_proj": ([.mlpGate, .mlpUp], false),
  ]

  /// The fused map at a path of a model of this shape; `nil` where the name is not known.
  init?(_ path: String, in shape: ModelShape) {
    let words = path.split(separator: ".")
    guard let last = words.last, let known = Self.known[String(last)],
      let layer = words.lazy.compactMap({ Int($0) }).last, (0..<shape.layers).contains(layer)
    else { return nil }
    self.path = path
    self.layer = layer
    let turns = known.byHead ? shape.heads : 1
    let widths = known.components.map { shape.width(of: $0) / turns }
    let whole = widths.reduce(0, +)
    var offset = 0
    parts = zip(known.components, widths).map { component, width in
      defer { offset += width }
      let rows = (0..<turns).flatMap { turn in turn * whole + offset..<turn * whole + offset + width }
      return (Site(layer: layer, component: component), rows)
    }
  }

  /// Outputs of the map.
  var outputs: Int { parts.reduce(0) { $0 + $1.rows.count } }

  /// The rows of one part, of a vector or a matrix over all outputs.
  func rows(_ part: Int, of tensor: PlainTensor) -> PlainTensor {
    let width = tensor.values.count / max(1, outputs)
    let values = parts[part].rows.flatMap { tensor.values[$0 * width..<($0 + 1) * width] }
    return PlainTensor(tensor.name, [parts[part].rows.count] + tensor.shape.dropFirst(), values)
  }

  /// The whole of its parts; zero where a part is not there.
  func joined(_ tensors: [PlainTensor?]) -> PlainTensor? {
    guard let first = tensors.compactMap({ $0 }).first else { return nil }
    let width = first.values.count / max(1, first.shape[0])
    var values = [Float](repeating: 0, count: outputs * width)
    for (tensor, part) in zip(tensors, parts) {
      guard let tensor else { continue }
      for (i, row) in part.rows.enumerated() {
        values.replaceSubrange(row * width..<(row + 1) * width, with: tensor.values[i * width..<(i + 1) * width])
      }
    }
    return PlainTensor(first.name, [outputs] + first.shape.dropFirst(), values)
  }
}
