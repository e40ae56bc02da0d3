import ArgumentParser
import JSON
import ModelHub
import Pretrained
import Tokenization

/// `reft tokenize`: text to token ids, for other programs.
struct Tokenize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn JSONL texts into token ids.",
    discussion: #"Reads lines {"text": ...} and prints lines {"ids": [...]}; with --chat reads {"messages": [...]}."#)

  @Option(
    help: "A folder in Hugging Face layout, a .gguf file, or a name of the Hub; its weights are not read.")
  var model: String

  @Option(help: "A JSONL file; - for standard input.")
  var input: String

  @Flag(help: "The lines hold conversations; the chat template is applied.")
  var chat = false

  @Flag(help: "Add no BOS or EOS.")
  var noSpecial = false

  @Flag(help: "With --chat: end with the beginning of the assistant's answer.")
  var generationPrompt = false

  @Flag(help: "Accepted for uniformity: the output is JSON anyway.")
  var json = false

  mutating func validate() throws {
    guard chat || !generationPrompt else { throw ValidationError("--generation-prompt goes with --chat") }
  }

  func run() throws {
    let meter = ModelMeter()
    let opened = try PretrainedTokenizer.open(model, downloading: meter.downloaded)
    meter.finish()
    // Everything is read before anything is printed, so that a bad line leaves no half output behind.
    let lines = try JSONLines(input).records().map { record in
      chat
        ? try opened.encode(record.chatMessages(), addGenerationPrompt: generationPrompt)
        : opened.tokenizer.encode(try record.string("text"), addSpecialTokens: !noSpecial).ids
    }
    for ids in lines { Console.print(["ids": .array(ids.map { .integer(Int($0)) })]) }
  }
}
