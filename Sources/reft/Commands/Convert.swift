import ArgumentParser
import Checkpoints
import Conversion
import Interventions
import JSON
import LanguageModels
import ModelHub
import Pretrained

/// `reft convert`: brings adapters of other libraries into ours, and ours into theirs.
struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Convert an adapter from one library's format into another's.",
    discussion: """
      Every key is accounted for in the report: mapped, missing (with the value that was given or assumed), left over. What is left
      over is an error unless --allow-leftover says otherwise. Formats:

      \(AdapterFormats.all.map { "  \($0.name): \($0.summary)" }.joined(separator: "\n"))
      """)

  @Argument(help: "The adapter: a folder or a file.")
  var adapter: String

  @Option(help: "The model that it belongs to, for sizes and names; no weight is read.")
  var model: String

  @Option(help: "The format of the adapter; told from its files when left out.")
  var from: String?

  @Option(help: "The format to write.")
  var to = "reft"

  @Option(help: "The folder or file to write.")
  var output: String

  @Option(help: "Where the adapter edits, for formats that do not say: --set positions=... in short.")
  var positions: String?

  @Option(help: "What the adapter's format does not say, as key=value: positions, act_fn, dropout, coefficient, heads.")
  var set: [String] = []

  @Flag(help: "Leave out what the result cannot hold.")
  var allowLeftover = false

  @Flag(help: "Accept an adapter of ours that was trained on other weights of the same shape.")
  var otherWeights = false

  @Flag(help: "Replace the output if it is there.")
  var overwrite = false

  @Flag(help: "Print the report as JSON.")
  var json = false

  func run() throws {
    var settings: [String: String] = [:]
    for pair in set {
      guard let sign = pair.firstIndex(of: "="), sign > pair.startIndex else {
        throw ConversionError.setting(key: "--set", expected: "key=value", got: "'\(pair)'")
      }
      settings[String(pair[..<sign])] = String(pair[pair.index(after: sign)...])
    }
    if let positions { settings["positions"] = positions }
    let source = try from.map(AdapterFormats.named)
    let target = try AdapterFormats.named(to)
    let meter = ModelMeter()
    let checkpoint = try Checkpoint.open(ModelReference(model).path(needs: .weights, downloading: meter.downloaded))
    meter.finish()
    let outline = try ModelRegistry.standard.outline(of: checkpoint)
    var base = try BaseModel(of: checkpoint, outline)
    // The name that other machines know, not the place in this machine's cache.
    base.source = model
    let report = try Conversion.run(
      adapter, from: source, to: target, output: output, for: outline, base: base,
      tensors: checkpoint.tensors.names, settings: settings,
      allowLeftover: allowLeftover, checkingWeights: !otherWeights, overwrite: overwrite)
    if json { Console.print(.object(report.json)) } else { Console.print(report.text, terminator: "") }
  }
}
