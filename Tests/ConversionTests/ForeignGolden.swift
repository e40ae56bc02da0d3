import Checkpoints
import Conversion
import Interventions
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// Adapters as another library saved them on the model of the golden `llama_gqa_tied`, and its logits.
struct ForeignGolden {
  let golden: Golden
  let prompts: [Int]

  init(_ name: String) throws {
    golden = try Golden(name)
    prompts = try golden.integers("prompts")
  }

  func path(_ adapter: String) -> String { "\(golden.folder)/\(adapter)" }

  /// Converts an adapter into our format, and gives the report.
  @discardableResult
  func convert(
    _ adapter: String, to output: String, from format: String? = nil, _ settings: [String: String] = [:],
    allowLeftover: Bool = false
  ) throws -> ConversionReport {
    try Foreign.convert(path(adapter), from: format, to: "reft", output, settings, allowLeftover: allowLeftover)
  }

  /// The logits of our adapter at a path are those of the golden, and those without it are not.
  func expect(
    _ path: String, equals name: String, model: String = "llama_gqa_tied",
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let base = try TinyModel.base(model)
    let model = try TinyModel.load(model)
    let adapter = try Adapter.load(path, for: model, base: base).adapter
    for (row, prompt) in prompts.enumerated() {
      let batch = TokenBatch([.init(tokens: try golden.ids("ids.\(row)"), promptLength: prompt)])
      func logits(_ tap: Tap) throws -> Tensor {
        try withoutGradients { () throws(TensorError) in
          try model.logits(model.hidden(batch, cache: nil, tap: tap))
        }
      }
      try golden.expect(
        logits(adapter.tap(for: batch)), equals: "\(name).\(row)", sourceLocation: sourceLocation)
      try golden.expectDiffers(logits(.none), from: "\(name).\(row)", sourceLocation: sourceLocation)
    }
  }
}

/// Conversions for the tiny model.
enum Foreign {
  @discardableResult
  static func convert(
    _ path: String, from source: String? = nil, to target: String, _ output: String, _ settings: [String: String] = [:],
    allowLeftover: Bool = false, model name: String = "llama_gqa_tied"
  ) throws -> ConversionReport {
    let checkpoint = try TinyModel.checkpoint(name)
    let model = try ModelRegistry.standard.outline(of: checkpoint)
    return try Conversion.run(
      path, from: source.map(AdapterFormats.named), to: AdapterFormats.named(target), output: output, for: model,
      base: BaseModel(of: checkpoint, model), tensors: checkpoint.tensors.names, settings: settings,
      allowLeftover: allowLeftover)
  }
}
