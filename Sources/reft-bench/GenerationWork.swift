import Interventions
import JSON
import LanguageModels
import Pretrained
import Tensors
import TextGeneration

/// Greedy generation by the generator of `reft generate`, nothing ends a text early.
///
/// Job: `model` and where it computes (``JSON/JSONReader/openModel(weights:)``), `prompts` (token ids), `new_tokens`, and for edits
/// `method`, `settings`, `locations` and how many different `adapters` of that kind, as their files hold them. A round continues all
/// prompts, which go through the first `adapters` of them by turns (0: the model as it is), in `steps` (growing, slots) where it says so.
struct GenerationWork: Workload {
  private let model: PretrainedModel
  private let adapters: [Adapter]
  private let requests: [GenerationRequest]
  private let stop: StopConditions

  init(_ job: JSONReader) throws {
    let model = try job.openModel(weights: "auto")  // as the command has it
    self.model = model
    let count = job.object["method"] == nil ? 0 : try job.int(ifPresent: "adapters") ?? 1
    adapters = try (0..<count).map { try job.savedAdapter(for: model.model, seed: 42 + UInt64($0)) }
    requests = try job.array("prompts").map { prompt in
      GenerationRequest(tokens: (prompt.array ?? []).compactMap(\.int).map(Int32.init))
    }
    stop = StopConditions(endTokens: [], maximumNewTokens: try job.int("new_tokens"))
  }

  var ready: JSONObject { ["prompts": .integer(requests.count)] }

  mutating func round(_ request: JSONReader) throws -> JSONObject {
    let used = adapters.prefix(try request.int(ifPresent: "adapters") ?? adapters.count)
    let routes = try AdapterRoutes(used.isEmpty ? [[]] : used.map { try [AdapterUse($0)] })
    let sent = requests.enumerated().map { index, prompt in
      var prompt = prompt
      prompt.route = index % max(1, used.count)
      return prompt
    }
    let steps = try request.string(ifPresent: "steps").flatMap(DecodingSteps.init(rawValue:))
    var answers: [Generation] = []
    let work = { [model, stop] in
      let (folded, edits) = try routes.folded(into: model.model, going: sent.map(\.route))
      answers = try Generator(folded, model.tokenizer, steps: steps).generate(
        sent, until: stop, edits: { batch throws(TensorError) in try edits.tap(for: batch) })
    }
    var operations: [OperationProfile] = []
    let taken = try seconds {
      if try request.bool(ifPresent: "profile") == true { operations = try Engine.profile(work) } else { try work() }
    }
    return [
      "seconds": .number(taken),
      "tokens": .array(answers.map { .array($0.tokens.map { .integer(Int($0)) }) }),
      "operations": .array(operations.map { .object($0.json) }),
    ]
  }
}
