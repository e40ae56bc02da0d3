import ArgumentParser
import Fitting
import Interventions
import JSON
import LanguageModels
import Pretrained
import TextGeneration
import Tokenization

/// `reft contrast`: generation under contrast vectors.
struct Contrast: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Generate under contrast vectors: the difference that two other prompts make, at every step (RepE).",
    discussion: """
      reft contrast --model M --prompt "Q: … A:" --positive "Be honest. Q: … A:" --negative "Lie. Q: … A:" \\
        --location 10..20.block_output
      The three texts run together, in one pass and one cache, and only the first one changes: h + alpha (h+ - h-). Decoding is
      greedy.
      """)

  @OptionGroup var model: ModelOptions

  @Option(help: "The text to continue.")
  var prompt: String

  @Option(help: "The text towards which it is moved.")
  var positive: String

  @Option(help: "The text away from which it is moved.")
  var negative: String

  @Option(help: "Where the difference is added, such as 10..20.block_output.")
  var location = "all.block_output"

  @Option(help: "Factor on the difference.")
  var alpha = 1.0

  @Option(help: "Tokens at the end of the prompts at which it acts too.")
  var lastTokens = 1

  @Option(help: "Most tokens of the answer.")
  var maxNewTokens = 128

  @Flag(help: "Print the answer as a JSON line.")
  var json = false

  mutating func validate() throws {
    guard maxNewTokens >= 1 else { throw ValidationError("--max-new-tokens must be at least 1") }
    guard lastTokens >= 0 else { throw ValidationError("--last-tokens must be zero or more") }
    guard alpha.isFinite else { throw ValidationError("--alpha must be a number") }
  }

  func run() throws {
    let place = try Location(parsing: location)
    guard place.heads == nil, place.positions == .all else {
      throw InputError.usage(
        problem: "--location: contrast vectors act on whole activations", remedy: "leave out heads and positions")
    }
    let opened = try model.open()
    guard opened.model.components.contains(place.component) else {
      throw LocationError.componentNotOffered(
        component: place.component.rawValue, offered: opened.model.components.sorted().map(\.rawValue))
    }
    let sites = try place.layers.resolved(layers: opened.model.shape.layers).map {
      Site(layer: $0, component: place.component)
    }
    let limit = opened.model.shape.contextLength - maxNewTokens
    let texts = try [("--prompt", prompt), ("--positive", positive), ("--negative", negative)].map { name, text in
      let ids = opened.tokenizer.encode(text).ids
      guard !ids.isEmpty else { throw FittingError.emptyText(source: name) }
      guard ids.count <= limit else { throw FittingError.tooLong(tokens: ids.count, limit: limit, source: name) }
      return ids
    }
    let tokens = try ContrastGenerator(
      opened.model, ContrastVectors(sites: sites, alpha: alpha, lastTokens: lastTokens)
    ).generate(
      base: texts[0], positive: texts[1], negative: texts[2], maximum: maxNewTokens, endTokens: opened.endTokens)
    let answer = opened.tokenizer.decode(tokens)
    if json { return Console.print(["text": .string(answer), "tokens": .integer(tokens.count)]) }
    Console.print(answer)
  }
}
