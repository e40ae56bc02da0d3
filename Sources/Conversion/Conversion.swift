import Checkpoints
public import Interventions
public import LanguageModels

/// Brings an adapter from one format into another.
public enum Conversion {
  /// Reads, checks that nothing is lost, and writes.
  ///
  /// Every adapter is one of our own on its way, so that its shapes are checked against the model whatever is written.
  ///
  /// - Parameters:
  ///   - source: the format of `path`; `nil` to tell it from the files.
  ///   - model: the model that the adapter belongs to; an outline is enough.
  ///   - tensors: the names in the model's checkpoint.
  ///   - settings: what the user says about things that the source format does not say.
  ///   - allowLeftover: whether parts of the source may be missing in the result.
  ///   - checkingWeights: whether an adapter of our own format must have been trained on these very weights.
  /// - Returns: what became of every key.
  /// - Throws: ``ConversionError``, and whatever is wrong with the files; nothing is written then.
  public static func run(
    _ path: String, from source: (any AdapterFormat.Type)? = nil, to target: any AdapterFormat.Type, output: String,
    for model: any LanguageModel, base: BaseModel, tensors: [String], settings: [String: String] = [:],
    allowLeftover: Bool = false,
    checkingWeights: Bool = true, overwrite: Bool = false
  ) throws -> ConversionReport {
    let source = try source ?? AdapterFormats.detected(at: path)
    var context = ConversionContext(
      model: model, base: base, tensors: tensors, settings: settings, checkingWeights: checkingWeights)
    context.report.source = source.name
    context.report.target = target.name
    let read = try source.read(path, &context)
    for part in read.parts {
      for tensor in part.tensors { try tensor.named("\(part.key).\(tensor.name)").checkFinite(path) }
    }
    let complete = try ReftFormat.restored(read, for: model, source: path).plan
    let encoded = try target.encoded(PortableAdapter(complete, read.parts, origin: read.origin), &context)
    try context.checkSettings()
    let leftover = context.report.leftover
    guard allowLeftover || leftover.isEmpty else {
      throw ConversionError.leftover(items: leftover.map { "\($0.key) (\($0.text))" }, source: path)
    }
    try encoded.write(to: output, overwrite: overwrite)
    return context.report
  }
}
