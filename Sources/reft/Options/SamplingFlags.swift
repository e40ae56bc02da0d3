import ArgumentParser
import TextGeneration

/// How the next token is chosen, and where an answer ends.
struct SamplingFlags: ParsableArguments {
  @Option(help: "0 for greedy decoding, 1 for the model's own distribution.")
  var temperature = 0.0

  @Option(help: "Draw from the K most likely tokens only.")
  var topK: Int?

  @Option(help: "Draw from the smallest set of tokens that has this probability together.")
  var topP: Double?

  @Option(help: "Divide the scores of tokens that were seen by this; 1 changes nothing.")
  var repetitionPenalty = 1.0

  @Option(help: "The same seed gives the same answer.")
  var seed: UInt64 = 0

  @Option(help: "Most tokens of an answer.")
  var maxNewTokens = 128

  @Option(help: "End an answer before this text; may be given several times.")
  var stop: [String] = []

  var options: SamplingOptions {
    get throws {
      try SamplingOptions(
        temperature: temperature, topK: topK, topP: topP, repetitionPenalty: repetitionPenalty, seed: seed)
    }
  }
}
