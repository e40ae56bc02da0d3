import ArgumentParser
import Interventions
import JSON
import LanguageModels
import Pretrained
import Tensors
import TextGeneration
import Tokenization

/// `reft score`: log-probabilities of completions, for other programs.
struct Score: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Score completions of prompts.",
    discussion: """
      Reads lines {"prompt": ..., "completion": ...} and prints lines {"logprob": sum, "tokens": n, "token_logprobs": [...]}
      of the completion given the prompt, in nats, in the order of the input.
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var weights: WeightOptions
  @OptionGroup var adapters: AdapterOptions

  @Option(help: "A JSONL file; - for standard input.")
  var input: String

  @Flag(help: "Add no BOS or EOS.")
  var noSpecial = false

  @Flag(help: "Accepted for uniformity: the output is JSON anyway.")
  var json = false

  func run() throws {
    let records = try JSONLines(input).records()
    var requests = try records.map {
      ScoringRequest(prompt: try $0.string("prompt"), completion: try $0.string("completion"), place: $0.source)
    }
    let opened = try model.open(weights: weights.weights)
    var adapters = try adapters.open(for: opened)
    for (i, record) in records.enumerated() { requests[i].route = try adapters.route(of: record) }
    let given = try adapters.edits()
    let prompts =
      given.hasConditions
      ? requests.map { opened.tokenizer.encode($0.prompt, addSpecialTokens: !noSpecial).ids } : []
    let (settled, ways) = try given.settled(prompts, going: requests.map(\.route), in: opened.model)
    for (i, way) in ways.enumerated() { requests[i].route = way }
    let (folded, edits) = try settled.folded(into: opened.model, going: ways)
    let meter = ProgressMeter("scoring", total: Double(requests.count), unit: "lines")
    let scores = try Scorer(folded, opened.tokenizer).scores(
      requests, addSpecialTokens: !noSpecial, edits: { batch throws(TensorError) in try edits.tap(for: batch) }
    ) { meter.update(Double($0)) }
    meter.finish()
    for score in scores {
      Console.print([
        "logprob": .number(score.logprob), "tokens": .integer(score.tokens.count),
        "token_logprobs": .array(score.tokenLogprobs.map(JSONValue.number)),
      ])
    }
  }
}
