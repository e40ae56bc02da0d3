import JSON
import Pretrained
import Tokenization
import Training

/// Gives the texts of examples back, prompt and response apart. Job: `model`, `examples`.
struct TextWork: Workload {
  let ready: JSONObject

  init(_ job: JSONReader) throws {
    let text = try PretrainedModel.open(job.string("model")).text
    ready = [
      "pairs": .array(
        try job.examples().map { example in
          let response = example.tokens[example.promptLength...].filter { $0 != text.eos }
          return [
            "prompt": .string(text.tokenizer.decode(example.tokens[..<example.promptLength])),
            "response": .string(text.tokenizer.decode(response)),
          ]
        })
    ]
  }

  /// There is nothing to repeat.
  mutating func round(_ request: JSONReader) -> JSONObject { [:] }
}
