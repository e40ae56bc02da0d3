import ArgumentParser
import Checkpoints
import Interventions
import JSON
import LanguageModels
import Pretrained
import Tensors
import Tokenization

/// `reft merge`: folds an adapter into the weights.
struct Merge: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fold adapters into the weights of a new model folder.",
    discussion: """
      reft merge --model M --adapter A --output FOLDED
      Only where the fold is exact (reft methods says which); several adapters fold in their order. Before the result is kept,
      its logits are compared with those of the model with the adapters. The folder is in Hugging Face layout, float32, and
      loads in transformers.
      """)

  @OptionGroup var model: ModelOptions

  @OptionGroup var adapters: AdapterOptions

  @Option(help: "The model folder to write.")
  var output: String

  @Flag(help: "Replace the output folder if it is there.")
  var overwrite = false

  @Flag(help: "Print the result as JSON.")
  var json = false

  /// Texts on which folded and tapped logits are compared.
  private static let probes = [
    "Once upon a time there was a", "def add(a, b):\n    return",
    "The capital of France is Paris. The capital of Italy is",
    "1 2 3 4 5 6 7 8",
  ]

  func run() throws {
    try OutputFolder.check(output, overwrite: overwrite, marks: ["config.json"])
    let opened = try model.open(as: .float32)
    let loaded = try adapters.open(for: opened)
    guard !loaded.uses.isEmpty else {
      throw InputError.usage(problem: "there is no adapter to fold", remedy: "name one with --adapter")
    }
    let merge = try Interventions.Merge(folding: loaded.uses, into: opened.model)
    let difference = try write(merge, opened, loaded.edits())
    if json {
      Console.print([
        "output": .string(output), "largest_logit_difference": .number(difference.largest),
        "tolerance": .number(difference.tolerance), "changed_tensors": .integer(merge.tensors.count),
      ])
    } else {
      Console.note("logits of the folded and the tapped model differ by at most \(difference.largest)")
      Console.print(output)
    }
  }

  private func write(
    _ merge: Interventions.Merge, _ opened: PretrainedModel, _ edits: AdapterRoutes
  ) throws -> (largest: Double, tolerance: Double) {
    var configuration = opened.checkpoint.configuration.object.merging(merge.configuration)
    configuration["torch_dtype"] = "float32"
    let kept = opened.checkpoint.tensors.filter { merge.keeps($0.name) }.map { stored in
      // What is no real number (a mask, say) is nobody's weight, and stays as it is.
      !stored.storage.isFloat
        ? WritableTensor(stored)
        : WritableTensor(name: stored.name, storage: .float32, shape: stored.shape) { sink in
          try stored.floats().withUnsafeBytes(sink)
        }
    }
    let changed = try merge.tensors.sorted { $0.key < $1.key }.map { try NamedTensor($0.key, $0.value).writable() }
    let copied = try opened.checkpoint.tokenizerFiles
    let texts = copied.isEmpty ? opened.text.files() : []
    var difference = (largest: 0.0, tolerance: 0.0)
    try HuggingFaceFolder.write(
      to: output, configuration: configuration, tensors: kept + changed, texts: texts, copying: copied,
      overwrite: overwrite
    ) { folder in
      difference = try compare(folder, opened, edits)
      guard difference.largest <= difference.tolerance else {
        throw AdapterError.mergeDisagrees(
          largestDifference: difference.largest, tolerance: difference.tolerance)
      }
    }
    return difference
  }

  /// The largest difference of logits, and 1e-4 of the largest logit: what float32 rounding of sums of this length allows.
  private func compare(
    _ folder: String, _ opened: PretrainedModel, _ edits: AdapterRoutes
  ) throws -> (largest: Double, tolerance: Double) {
    let batch = TokenBatch(prompts: Self.probes.map { opened.tokenizer.encode($0).ids })
    let folded = try ModelRegistry.standard.model(from: Checkpoint.open(folder))
    // An encoder without a vocabulary head shows its hidden states.
    func shown(_ model: any LanguageModel, _ tap: Tap) throws(TensorError) -> Tensor {
      let hidden = try model.hidden(batch, cache: nil, tap: tap)
      return try (model.scoresVocabulary ? model.logits(hidden) : hidden).moved(to: .cpu)
    }
    return try withoutGradients {
      let tapped = try shown(opened.model, edits.tap(for: batch))
      let merged = try shown(folded, .none)
      return (try (tapped - merged).abs().max().item(), try 1e-4 * tapped.abs().max().item())
    }
  }
}
