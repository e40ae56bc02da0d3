import Checkpoints
import Interventions
import JSON
import LanguageModels

/// A folder of pyreft: `config.json` and one `intkey_*.bin` an intervention, pickled.
///
/// Source: pyreft 0.1.0 `interventions.py`, pyvene 0.1.8 `models/intervenable_base.py` (`save`).
public enum PyreftFormat: AdapterFormat {
  public static let name = "pyreft"
  public static let summary =
    "config.json and intkey_*.bin: LoReFT, NoReFT, ConsReFT, LobiReFT, DiReFT and its orthonormal form"

  public static func detects(_ path: String) -> Bool {
    Files.names(in: path).contains { PyreftKey.isFile($0) }
  }

  public static func read(_ path: String, _ context: inout ConversionContext) throws -> PortableAdapter {
    var files: [(name: String, key: PyreftKey)] = []
    for name in Files.names(in: path) {
      if PyreftKey.isFile(name) {
        files.append((name, try PyreftKey(file: name, in: path, context)))
      } else if name == "pytorch_model.bin" {
        context.report.note(leftover: name, "trained weights of the model itself, such as a classifier")
      }
    }
    guard !files.isEmpty else {
      throw ConversionError.malformed(problem: "there is no file intkey_*.bin", file: path)
    }
    let configuration = try PyreftConfiguration(in: path, &context)
    let tensors = try files.map { file in try Self.tensors("\(path)/\(file.name)") }
    let kind = try configuration.kind(of: files.map(\.key), tensors: tensors, &context)
    var settings: JSONObject = [:]
    var parts: [PortableAdapter.Part] = []
    let sides = try Self.sides(files.map(\.key), path)
    for (file, tensors) in zip(files, tensors) {
      var state = PyreftState(tensors, file: "\(path)/\(file.name)")
      let part = try kind.tensors(of: &state, width: context.model.shape.width(of: file.key.site.component))
      try state.finish(&context.report)
      let own = PortableAdapter.Part(file.key.site, side: sides ? (file.key.count == 0 ? .first : .last) : .both, part)
      for (from, to) in state.taken { context.report.map("\(file.name): \(from)", to: "\(own.key).\(to)") }
      parts.append(own)
      let more = try kind.settings(of: part)
      if settings.count > 0, settings != more {
        throw ConversionError.malformed(problem: "the interventions differ in rank or bias", file: path)
      }
      settings = more
    }
    let positions = try Self.positions(sides: sides, &context)
    let rule = try context.setting("rule", default: "pyreft", among: Positions.Rule.allCases.map(\.rawValue))
    if kind.hasActivation { settings["activation"] = .string(context.setting("act_fn", default: "linear")) }
    if kind.hasDropout {
      let text = context.setting("dropout", default: "0")
      guard let dropout = Double(text) else {
        throw ConversionError.setting(key: "dropout", expected: "a number", got: "'\(text)'")
      }
      settings["dropout"] = .number(dropout)
    }
    return PortableAdapter(
      method: kind.method, settings: settings, at: positions, rule: Positions.Rule(rawValue: rule) ?? .pyreft,
      parts: parts, in: context.model)
  }

  private static func tensors(_ path: String) throws -> [(name: String, tensor: TorchTensor)] {
    try TorchArchive(path).tensors()
  }

  /// Whether each place has two interventions, for prefix and suffix.
  private static func sides(_ keys: [PyreftKey], _ path: String) throws -> Bool {
    let counts = Dictionary(grouping: keys, by: \.site).mapValues { $0.map(\.count).sorted() }
    if counts.values.allSatisfy({ $0 == [0] }) { return false }
    if counts.values.allSatisfy({ $0 == [0, 1] }) { return true }
    let odd = counts.filter { $0.value != [0] && $0.value != [0, 1] }.keys.sorted().first
    throw ConversionError.malformed(
      problem: "expected one intervention a place (#0), or two everywhere (#0 prefix, #1 suffix)"
        + (odd.map { ": \($0) has others" } ?? ""), file: path)
  }

  /// The positions, which the folder does not say.
  private static func positions(sides: Bool, _ context: inout ConversionContext) throws -> Positions {
    let text = context.setting("positions", default: sides ? "f7|l7" : "f7+l7")
    let positions = try Location(parsing: "0.block_output@\(text)").positions
    guard (positions.sides.count == 2) == sides else {
      throw ConversionError.setting(
        key: "positions",
        expected: sides
          ? "untied ends such as f7|l7, for each layer has two interventions"
          : "tied ends such as f7+l7, for each layer has one intervention", got: "'\(text)'")
    }
    return positions
  }

  public static func encoded(_ adapter: PortableAdapter, _ context: inout ConversionContext) throws -> EncodedAdapter {
    let method = adapter.plan.method
    guard let kind = PyreftKind.allCases.first(where: { $0.method == method }) else {
      throw ConversionError.notExpressible(
        format: name, what: method, reason: "it has \(PyreftKind.allCases.map(\.method).joined(separator: ", "))")
    }
    var files: [EncodedAdapter.File] = []
    var keys: [PyreftKey] = []
    // pyreft lists the prefixes of all layers, then the suffixes.
    let parts = adapter.parts.filter { $0.side != .last } + adapter.parts.filter { $0.side == .last }
    for part in parts {
      guard part.heads == nil, let key = PyreftKey(part.site, count: part.side == .last ? 1 : 0) else {
        throw ConversionError.notExpressible(
          format: name, what: part.site.description, reason: "pyvene has no component of that kind")
      }
      keys.append(key)
      let (tensors, names) = try kind.state(of: part)
      for (from, to) in names { context.report.map("\(part.key).\(from)", to: "\(key.fileName): \(to)") }
      files.append((key.fileName, { try TorchArchiveWriter.write(to: $0, tensors: tensors) }))
    }
    let settings = adapter.plan.settings
    context.report.note(unsaid: "positions", "give the positions of \(adapter.plan.locations.line) to every call")
    if adapter.plan.rule == .exact {
      context.report.note(
        unsaid: "rule",
        "pyreft edits at most half of the prompt at each end, and leaves out the middle of a short odd one")
    }
    if let activation = settings["activation"]?.string, activation != "linear" {
      context.report.note(leftover: "activation", "\(activation): pyreft would load the linear one")
    }
    if let dropout = settings["dropout"]?.double, dropout > 0 {
      context.report.note(unsaid: "dropout", "\(dropout), of use in training alone")
    }
    if settings["subspaces"].map({ $0 != .object([:]) && !$0.isNull }) == true {
      context.report.note(leftover: "subspaces", "the names of parts of the rank")
    }
    context.report.note(
      unsaid: "dtype", "pyreft rebuilds the learned source in bfloat16 unless it is made float32 first")
    let configuration = PyreftConfiguration.json(
      keys, kind, rank: kind.rank(of: adapter.parts), width: context.model.shape.width(of:))
    files.append(("config.json", { try TextFile.write(configuration.prettyText, to: $0) }))
    return EncodedAdapter(folder: files, marks: ["config.json"])
  }
}
