import Checkpoints
import Interventions
import JSON
import LanguageModels

/// What lo-fit leaves: `attn_A` and `attn_v` of every head among the tensors of a checkpoint, and a file of heads.
///
/// `model.layers.L.self_attn.attn_A.H` and `.attn_v.H`, `[head_dim]`, zero for heads that were not chosen. lo-fit itself has no
/// small file: what is written here is a state dictionary of these tensors alone, for `load_state_dict(strict=False)`, and the
/// heads in NumPy's format. Source: fc2869/lo-fit `models/modeling_llama.py`, `lofit_trainer.py`.
public enum LoFiTFormat: AdapterFormat {
  public static let name = "lofit"
  public static let summary = "attn_A and attn_v of a checkpoint, with the heads as .npy: LoFiT"

  private static let tensorFile = "model.safetensors"
  private static let headFile = "top_heads.npy"

  /// Names of tensors as `model.layers.3.self_attn.attn_v.5` has them.
  private struct Key: Hashable {
    let layer, head: Int
    /// Ours: `scale` for A, `bias` for v.
    let part: String

    init?(_ name: String) {
      let words = name.split(separator: ".")
      guard words.count > 4, let head = Int(words[words.count - 1]),
        let part = ["attn_A": "scale", "attn_v": "bias"][words[words.count - 2]],
        let layers = words.lastIndex(of: "layers"), layers + 1 < words.count, let layer = Int(words[layers + 1]),
        layer >= 0,
        head >= 0
      else { return nil }
      (self.layer, self.head, self.part) = (layer, head, part)
    }
  }

  public static func detects(_ path: String) -> Bool {
    if Files.isFile(path) { return path.hasSuffix(".safetensors") && names(in: path).contains { Key($0) != nil } }
    return Files.names(in: path).contains { name in
      name.hasSuffix(".safetensors") && names(in: "\(path)/\(name)").contains { Key($0) != nil }
    }
  }

  private static func names(in file: String) -> [String] { (try? SafetensorsFile(file))?.tensors.map(\.name) ?? [] }

  public static func read(_ path: String, _ context: inout ConversionContext) throws -> PortableAdapter {
    let shape = context.model.shape
    var vectors: [Key: [Float]] = [:]
    var names: [Key: String] = [:]
    var others = 0
    func add(_ name: String, _ sizes: [Int], _ file: String, _ values: () throws -> [Float]) throws {
      guard let key = Key(name) else {
        others += 1
        return
      }
      guard sizes == [shape.headDim], key.layer < shape.layers, key.head < shape.heads else {
        throw ConversionError.tensorShape(
          name: name, expected: "[\(shape.headDim)], for \(shape.layers) layers of \(shape.heads) heads", got: sizes,
          file: file)
      }
      vectors[key] = try values()
      names[key] = "\(file.lastName): \(name)"
    }
    for file in Files.isFile(path) ? [path] : Files.names(in: path).map({ "\(path)/\($0)" }) {
      if file.hasSuffix(".safetensors") {
        for tensor in try SafetensorsFile(file).tensors {
          try add(tensor.name, tensor.shape, file) { try tensor.floats() }
        }
      } else if file.hasSuffix(".bin") || file.hasSuffix(".pth") || file.hasSuffix(".pt") {
        for (name, tensor) in try TorchArchive(file).tensors() {
          try add(name, tensor.shape, file) { try tensor.floats(named: name) }
        }
      }
    }
    guard !vectors.isEmpty else {
      throw ConversionError.malformed(problem: "there is no tensor '...attn_A.H' or '...attn_v.H'", file: path)
    }
    if others > 0 {
      context.report.note(unused: "\(others) other tensors", "the base model, which lo-fit leaves as it is")
    }
    let trained = Set(vectors.filter { $0.value.contains { $0 != 0 } }.keys.map(\.part))
    let part = trained.count == 1 ? trained.first ?? "bias" : trained.isEmpty ? "bias" : "both"
    let chosen = try chosen(path, vectors, &context)
    var parts: [PortableAdapter.Part] = []
    let wanted = part == "both" ? ["scale", "bias"] : [part]
    for (layer, heads) in Dictionary(grouping: chosen, by: \.layer).mapValues({ $0.map(\.head).sorted() }) {
      var tensors: [PlainTensor] = []
      for name in wanted {
        var values: [Float] = []
        for head in heads {
          guard let key = vectors.keys.first(where: { $0.layer == layer && $0.head == head && $0.part == name }) else {
            throw ConversionError.missingTensor(
              name: "model.layers.\(layer).self_attn.attn_\(name == "scale" ? "A" : "v").\(head)", file: path)
          }
          values += vectors.removeValue(forKey: key) ?? []
          context.report.map(names[key] ?? "", to: "\(layer).head_attention_value_output.\(name), head \(head)")
        }
        tensors.append(PlainTensor(name, [heads.count, shape.headDim], values))
      }
      parts.append(.init(Site(layer: layer, component: .headOutput), heads: heads, tensors))
    }
    let rest = vectors.filter { $0.value.contains { $0 != 0 } }
    for key in rest.keys.sorted(by: { ($0.layer, $0.head) < ($1.layer, $1.head) }) {
      context.report.note(leftover: names[key] ?? "", "not zero, but its head is not among the chosen ones")
    }
    if vectors.count > rest.count {
      context.report.note(unused: "\(vectors.count - rest.count) vectors", "zero: they change nothing")
    }
    return PortableAdapter(
      method: "lofit", settings: ["part": .string(part)], at: .all, parts: parts, in: context.model)
  }

  /// The heads: of the file that the user names or that lies beside, else all with a vector that is not zero.
  private static func chosen(
    _ path: String, _ vectors: [Key: [Float]], _ context: inout ConversionContext
  ) throws -> [(layer: Int, head: Int)] {
    var file = context.setting("heads")
    if file == nil, !Files.isFile(path) {
      let found = Files.names(in: path).filter { $0.hasSuffix(".npy") }
      guard found.count < 2 else {
        throw ConversionError.setting(key: "heads", expected: "one of \(found.joined(separator: ", "))", got: "nothing")
      }
      file = found.first.map { "\(path)/\($0)" }
    }
    if let file {
      let ranking = try HeadRanking(reading: file)
      for entry in ranking.heads {
        context.report.map("\(file.lastName): [\(entry.layer), \(entry.head)]", to: "locations")
      }
      return ranking.heads.map { ($0.layer, $0.head) }
    }
    var heads: [[Int]] = []
    for (key, vector) in vectors where vector.contains(where: { $0 != 0 }) && !heads.contains([key.layer, key.head]) {
      heads.append([key.layer, key.head])
    }
    context.report.note(missing: "heads", "\(heads.count) heads, those with a vector that is not zero")
    return heads.map { ($0[0], $0[1]) }
  }

  public static func encoded(_ adapter: PortableAdapter, _ context: inout ConversionContext) throws -> EncodedAdapter {
    guard adapter.plan.method == "lofit" else {
      throw ConversionError.notExpressible(format: name, what: adapter.plan.method, reason: "it has LoFiT alone")
    }
    guard adapter.positions == .all else {
      throw ConversionError.notExpressible(
        format: name, what: "'\(adapter.plan.locations.line)'", reason: "lo-fit edits every position")
    }
    let shape = context.model.shape
    var tensors: [WritableTensor] = []
    var heads: [HeadRanking.Entry] = []
    for layer in 0..<shape.layers {
      let part = adapter.parts.first { $0.site.layer == layer }
      let chosen = part?.heads ?? (part == nil ? [] : Array(0..<shape.heads))
      for head in chosen { heads.append(.init(layer: layer, head: head, score: 0)) }
      for (theirs, ours) in [("attn_A", "scale"), ("attn_v", "bias")] {
        for head in 0..<shape.heads {
          let name = "model.layers.\(layer).self_attn.\(theirs).\(head)"
          var values = [Float](repeating: 0, count: shape.headDim)
          if let tensor = part?[ours], let row = chosen.firstIndex(of: head) {
            values = Array(tensor.values[row * shape.headDim..<(row + 1) * shape.headDim])
            context.report.map("\(part?.key ?? "").\(ours), head \(head)", to: "\(tensorFile): \(name)")
          }
          tensors.append(WritableTensor(name: name, shape: [shape.headDim], floats: values))
        }
      }
    }
    let array = NPYArray(
      shape: [heads.count, 2], elements: .int64(heads.flatMap { [Int64($0.layer), Int64($0.head)] }))
    context.report.map("locations", to: headFile)
    context.report.note(unsaid: "base model", "load the checkpoint, then this file with load_state_dict(strict=False)")
    return EncodedAdapter(
      folder: [
        (tensorFile, { try SafetensorsWriter.write(to: $0, tensors: tensors, metadata: ["format": "pt"]) }),
        (headFile, { try array.write(to: $0) }),
      ], marks: [tensorFile])
  }
}
