import ArgumentParser
import Interventions
import JSON
import Pretrained
import LanguageModels
import Tensors
import TextGeneration
import Tokenization

/// `reft generate`: continues prompts and answers conversations.
struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Generate text, with or without adapters.",
    discussion: """
      reft generate --model M --prompt "Once upon a time"
      reft generate --model M --adapter A --chat "Who is Ann to Tom?"
      reft generate --model M --input prompts.jsonl     (lines {"prompt": ...} or {"messages": [...]})
      reft generate --model M --adapter A --adapter B --strength 0.5 --input prompts.jsonl
      A line may name its own: {"prompt": ..., "adapters": ["B", {"name": "A", "strength": 2}]}; [] is the model as it is.
      Adapters that act at all positions and have an exact fold (reft methods) go into the weights first, in memory, where all
      lines name the same: a token then costs what it costs without them.
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var weights: WeightOptions
  @OptionGroup var adapters: AdapterOptions
  @OptionGroup var sampling: SamplingFlags

  @Option(help: "A text to continue; streams.")
  var prompt: String?

  @Option(help: "A user's message to answer by the model's chat template; streams.")
  var chat: String?

  @Option(help: "With --chat: the system message.")
  var system: String?

  @Option(help: "A JSONL file of prompts or conversations, answered in one batch; - for standard input.")
  var input: String?

  @Flag(help: "Print answers as JSON lines.")
  var json = false

  mutating func validate() throws {
    guard [prompt, chat, input].count(where: { $0 != nil }) == 1 else {
      throw ValidationError("give one of --prompt, --chat and --input")
    }
    guard system == nil || chat != nil else { throw ValidationError("--system goes with --chat") }
  }

  func run() throws {
    let options = try sampling.options
    let records = try input.map { try JSONLines($0).records() }
    let opened = try model.open(weights: weights.weights)
    var adapters = try adapters.open(for: opened)
    var requests =
      try records?.map { record in
        var request = try Self.request(record, opened)
        request.route = try adapters.route(of: record)
        return request
      } ?? [single(opened)]
    let (settled, ways) = try adapters.edits().settled(
      requests.map(\.tokens), going: requests.map(\.route), in: opened.model)
    for (i, way) in ways.enumerated() { requests[i].route = way }
    let (folded, edits) = try settled.folded(into: opened.model, going: ways)
    let stop = StopConditions(
      endTokens: opened.endTokens, maximumNewTokens: sampling.maxNewTokens, strings: sampling.stop)
    let streams = records == nil && !json
    let meter = ProgressMeter("generating", total: Double(requests.count), unit: "answers")
    var done = 0
    let answers = try Generator(folded, opened.tokenizer).generate(
      requests, options, until: stop, edits: { batch throws(TensorError) in try edits.tap(for: batch) },
      onText: { _, piece in if streams { Console.print(piece, terminator: "") } },
      onFinish: { _, _ in
        done += 1
        if !streams { meter.update(Double(done)) }
      })
    if streams { return Console.print("") }
    meter.finish()
    for answer in answers {
      Console.print([
        "text": .string(answer.text), "tokens": .integer(answer.tokens.count),
        "finish": .string(answer.finish.rawValue), "prompt_tokens": .integer(answer.promptTokens),
      ])
    }
  }

  private func single(_ model: PretrainedModel) throws -> GenerationRequest {
    if let prompt { return GenerationRequest(tokens: model.tokenizer.encode(prompt).ids, place: "--prompt") }
    let messages =
      (system.map { [ChatMessage(role: "system", content: $0)] } ?? [])
      + [ChatMessage(role: "user", content: chat ?? "")]
    return GenerationRequest(
      tokens: try model.text.encode(messages, addGenerationPrompt: true), place: "--chat")
  }

  private static func request(_ record: JSONReader, _ model: PretrainedModel) throws -> GenerationRequest {
    let tokens =
      record.object["messages"] == nil
      ? model.tokenizer.encode(try record.string("prompt")).ids
      : try model.text.encode(record.chatMessages(), addGenerationPrompt: true)
    return GenerationRequest(tokens: tokens, place: record.source)
  }
}
