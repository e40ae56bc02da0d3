import Checkpoints
import Interventions
import JSON
import LanguageModels

/// RED's `delta_vector.pth`: a scale and a bias behind the last linear map of each network.
///
/// `model.layers.L.mlp.down_proj.delta_vector.activation_scaling` and `.activation_bias`, `[1, d]`.
/// Source: mlwu22/RED `models/activation_transformer.py`.
public enum REDFormat: AdapterFormat {
  public static let name = "red"
  public static let summary = "delta_vector.pth: RED"

  private static let file = "delta_vector.pth"
  private static let names = [("activation_scaling", "scale"), ("activation_bias", "bias")]

  private static func place(_ path: String) -> String { Files.isFile(path) ? path : "\(path)/\(file)" }

  public static func detects(_ path: String) -> Bool {
    guard Files.isFile(place(path)), let archive = try? TorchArchive(place(path)) else { return false }
    return ((try? archive.tensors()) ?? []).contains { $0.name.hasSuffix(".delta_vector.activation_scaling") }
  }

  public static func read(_ path: String, _ context: inout ConversionContext) throws -> PortableAdapter {
    let file = place(path)
    let width = context.model.shape.hidden
    var found: [Site: [PlainTensor]] = [:]
    for (name, tensor) in try TorchArchive(file).tensors() {
      guard let (theirs, ours) = names.first(where: { name.hasSuffix(".delta_vector.\($0.0)") }),
        let site = context.paths.site(of: String(name.dropLast(".delta_vector.\(theirs)".count))),
        site.component == .mlpOutput
      else {
        context.report.note(leftover: name, "a tensor of shape \(tensor.shape)")
        continue
      }
      guard tensor.shape == [1, width] || tensor.shape == [width] else {
        throw ConversionError.tensorShape(name: name, expected: "[1, \(width)]", got: tensor.shape, file: file)
      }
      let plain = PlainTensor(ours, [width], try tensor.floats(named: name))
      try plain.named(name).checkFinite(file)
      found[site, default: []].append(plain)
      context.report.map(name, to: "\(site).\(ours)")
    }
    guard !found.isEmpty else {
      throw ConversionError.malformed(
        problem: "no tensor '...delta_vector.activation_scaling' is of this model", file: file)
    }
    for (site, tensors) in found where tensors.count < 2 {
      throw ConversionError.malformed(problem: "scale or bias of \(site) is missing", file: file)
    }
    return PortableAdapter(
      method: "red", settings: [:], at: .all, parts: found.map { .init($0.key, $0.value) }, in: context.model)
  }

  public static func encoded(_ adapter: PortableAdapter, _ context: inout ConversionContext) throws -> EncodedAdapter {
    guard adapter.plan.method == "red", adapter.positions == .all else {
      throw ConversionError.notExpressible(
        format: name, what: "\(adapter.plan.method) at \(adapter.plan.locations.line)",
        reason: "it has RED alone, at every position")
    }
    var tensors: [WritableTensor] = []
    for part in adapter.parts {
      guard part.site.component == .mlpOutput, let path = context.paths.path(of: part.site) else {
        throw ConversionError.notExpressible(
          format: name, what: part.site.description, reason: "it acts behind the last linear map of the networks")
      }
      for (theirs, ours) in names {
        guard let tensor = part[ours] else {
          throw ConversionError.missingTensor(name: "\(part.key).\(ours)", file: "the adapter")
        }
        let name = "\(path).delta_vector.\(theirs)"
        tensors.append(tensor.reshaped([1, tensor.values.count]).named(name).writable)
        context.report.map("\(part.key).\(ours)", to: name)
      }
    }
    return EncodedAdapter(folder: [(file, { try TorchArchiveWriter.write(to: $0, tensors: tensors) })], marks: [file])
  }
}
