import Checkpoints
import JSON
import LanguageModels

/// `config.json` of a folder of pyreft, which the checkpoints of its trainer do not have.
struct PyreftConfiguration {
  private let path: String
  private let json: JSONReader?

  private static let known = [
    "intervention_types", "representations", "intervention_dimensions", "intervention_constant_sources", "mode",
    "sorted_keys", "model_type",
  ]
  /// What transformers writes into every configuration.
  private static let harmless = [
    "transformers_version", "architectures", "torch_dtype", "dtype", "_name_or_path", "_commit_hash",
    "_attn_implementation_autoset",
  ]
  /// The columns of `representations` that may say something that is not read, by their place.
  private static let refusedColumns = [
    7: "subspace_partition", 8: "group_key", 9: "intervention_link_key", 10: "moe_key", 11: "source_representation",
    12: "hidden_source_representation", 13: "latent_dim",
  ]

  init(in folder: String, _ context: inout ConversionContext) throws {
    path = "\(folder)/config.json"
    guard Files.has("config.json", in: folder) else {
      json = nil
      context.report.note(missing: "config.json", "a checkpoint of a trainer: the class follows from the tensors")
      return
    }
    let json = try JSONReader(JSONValue(parsing: TextFile.read(path), source: path), source: path)
    self.json = json
    let mode = try json.string(ifPresent: "mode") ?? "parallel"
    guard mode == "parallel" else {
      throw ConversionError.unsupported(
        key: "mode", value: "'\(mode)'", reason: "interventions act side by side here", file: path)
    }
    for row in try json.array("representations") {
      for (place, name) in Self.refusedColumns {
        guard let columns = row.array, place < columns.count else { continue }
        if columns[place].isNull || columns[place].bool == false { continue }
        throw ConversionError.unsupported(
          key: name, value: columns[place].text, reason: "no method here has it", file: path)
      }
    }
    for key in json.object.keys where !Self.known.contains(key) {
      if Self.harmless.contains(key) {
        context.report.note(unused: "config.json: \(key)", json.object[key]?.text ?? "")
      } else {
        context.report.note(leftover: "config.json: \(key)", json.object[key]?.text ?? "")
      }
    }
  }

  /// The class of all interventions: as the configuration says it, or as the tensors show it.
  func kind(
    of keys: [PyreftKey], tensors: [[(name: String, tensor: TorchTensor)]], _ context: inout ConversionContext
  ) throws -> PyreftKind {
    let names = PyreftKind.allCases.map(\.rawValue)
    if let json {
      let types = try json.array("intervention_types").map { $0.string ?? $0.text }
      guard types.count == keys.count else {
        throw ConversionError.malformed(
          problem: "'intervention_types' names \(types.count) interventions, \(keys.count) files are there", file: path)
      }
      guard let first = types.first, Set(types).count == 1 else {
        throw ConversionError.unsupported(
          key: "intervention_types", value: Set(types).sorted().joined(separator: " and "),
          reason: "an adapter is of one method", file: path)
      }
      // <class 'pyreft.interventions.LoreftIntervention'>
      let name = first.split { "<>' .".contains($0) }.last.map(String.init) ?? first
      guard let kind = PyreftKind(rawValue: name) else {
        throw ConversionError.unsupported(
          key: "intervention_types", value: "'\(name)'", reason: "known are \(names.joined(separator: ", "))",
          file: path)
      }
      return kind
    }
    let shown = PyreftKind.shown(by: Set(tensors.first?.map(\.name) ?? []))
    if shown.count == 1 { return shown[0] }
    guard let given = context.setting("class") else {
      throw ConversionError.setting(
        key: "class",
        expected: "the class of pyreft, which the folder does not say: one of "
          + (shown.isEmpty ? names : shown.map(\.rawValue)).joined(separator: ", "), got: "nothing")
    }
    guard let kind = PyreftKind(rawValue: given), shown.isEmpty || shown.contains(kind) else {
      throw ConversionError.setting(
        key: "class", expected: "one of " + (shown.isEmpty ? names : shown.map(\.rawValue)).joined(separator: ", "),
        got: "'\(given)'")
    }
    return kind
  }

  /// The configuration that pyvene 0.1.8 writes, its keys sorted.
  static func json(
    _ keys: [PyreftKey], _ kind: PyreftKind, rank: Int, width: (Component) -> Int
  ) -> JSONValue {
    [
      "intervention_constant_sources": .array(keys.map { _ in true }),
      "intervention_dimensions": .array(keys.map { .integer(width($0.site.component)) }),
      "intervention_types": .array(keys.map { _ in .string("<class 'pyreft.interventions.\(kind.rawValue)'>") }),
      "mode": "parallel",
      "representations": .array(
        keys.map { key in
          .array(
            [.integer(key.site.layer), .string(key.component), "pos", 1, .integer(rank)]
              + [JSONValue](repeating: .null, count: 9))
        }),
      "sorted_keys": .array(keys.map { .string($0.text) }),
    ]
  }
}
