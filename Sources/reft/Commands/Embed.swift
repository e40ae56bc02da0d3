import ArgumentParser
import Diagnostics
import Interventions
import JSON
import Pretrained
import Tensors
import TextEmbedding

/// `reft embed`: texts to vectors.
struct Embed: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn JSONL texts into vectors.",
    discussion: """
      Reads lines {"text": ...} and prints lines {"embedding": [...]}, in the order of the input. How tokens become one vector
      is read from the model's folder (sentence-transformers); without it an encoder's tokens are averaged and a decoder's last
      one is taken.
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var adapters: AdapterOptions

  @Option(help: "A JSONL file; - for standard input.")
  var input: String

  @Option(help: "mean, cls or last, instead of what the model's folder says.")
  var pooling: String?

  @Flag(
    inversion: .prefixedNo, help: "Divide vectors by their length, or do not, instead of what the model's folder says.")
  var normalize: Bool?

  @Flag(help: "Leave out the end of texts that are too long; they are errors otherwise.")
  var truncate = false

  @Flag(help: "Accepted for uniformity: the output is JSON anyway.")
  var json = false

  func run() throws {
    let records = try JSONLines(input).records()
    let texts = try records.map { try $0.string("text") }
    let opened = try model.open()
    let edits = try adapters.open(for: opened).edits()
    guard !edits.hasConditions else {
      throw InputError.usage(
        problem: "a conditional adapter decides by a prompt, and texts that are embedded have none",
        remedy: "make a steering adapter of its behaviour")
    }
    var settings = try settings(for: opened)
    if let pooling { settings.pooling = try Self.pooling(pooling) }
    settings.normalizes = normalize ?? settings.normalizes
    settings.truncates = truncate
    let meter = ProgressMeter("embedding", total: Double(texts.count), unit: "texts")
    let vectors = try TextEmbedder(opened, settings).embeddings(
      of: texts, places: records.map(\.source), edits: { batch throws(TensorError) in try edits.tap(for: batch) }
    ) { meter.update(Double($0)) }
    meter.finish()
    for vector in vectors {
      Console.print(["embedding": .array(vector.map(JSONValue.init(shortest:)))])
    }
  }

  /// What the model's folder says, or the usual with a word about it.
  private func settings(for opened: PretrainedModel) throws -> EmbeddingSettings {
    if let published = try EmbeddingSettings(publishedWith: opened) { return published }
    let standard = EmbeddingSettings(standardFor: opened.model)
    if pooling == nil {
      Console.note(
        "the model has no modules.json that says how to pool: taking \(standard.pooling.rawValue) (--pooling)")
    }
    return standard
  }

  private static func pooling(_ name: String) throws -> Pooling {
    let known = Pooling.allCases.map(\.rawValue)
    guard let pooling = Pooling(rawValue: name) else {
      throw InputError.usage(
        problem: "--pooling: there is no '\(name)'", remedy: NearestName.remedy(for: name, among: known))
    }
    return pooling
  }
}

extension JSONValue {
  /// The shortest decimal that reads back as this single-precision number.
  fileprivate init(shortest value: Float) { self = .number(Double(value.description) ?? Double(value)) }
}
