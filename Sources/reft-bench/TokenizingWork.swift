import JSON
import Pretrained
import Tokenization
import Training

/// Turns texts into ids, one at a time. Job: `model`, `examples` (their texts are what is tokenized), `megabytes` a round.
struct TokenizingWork: Workload {
  private let tokenizer: Tokenizer
  private let texts: [String]
  private let limit: Int

  init(_ job: JSONReader) throws {
    let tokenizer = try PretrainedModel.open(job.string("model")).tokenizer
    self.tokenizer = tokenizer
    texts = try job.examples().map { tokenizer.decode($0.tokens.dropLast()) }
    limit = Int(try job.double("megabytes") * 1e6)
  }

  var ready: JSONObject { ["texts": .array(texts.map(JSONValue.string))] }

  mutating func round(_ request: JSONReader) -> JSONObject {
    let sizes = texts.map(\.utf8.count)
    var (bytes, tokens, next) = (0, 0, 0)
    let taken = seconds {
      while bytes < limit {
        tokens += tokenizer.encode(texts[next % texts.count]).ids.count
        bytes += sizes[next % texts.count]
        next += 1
      }
    }
    return ["seconds": .number(taken), "bytes": .integer(bytes), "tokens": .integer(tokens)]
  }
}
