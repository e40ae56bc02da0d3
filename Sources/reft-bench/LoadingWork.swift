import Interventions
import JSON
import LanguageModels
import Pretrained
import Tensors

/// Opens a model and computes one row with it, again and again. Job: `model`.
struct LoadingWork: Workload {
  private let path: String
  let ready: JSONObject = [:]

  init(_ job: JSONReader) throws { path = try job.string("model") }

  mutating func round(_ request: JSONReader) throws -> JSONObject {
    let taken = try seconds {
      let model = try PretrainedModel.open(path).model
      try withoutGradients {
        let batch = TokenBatch([TokenBatch.Sequence(tokens: [1], promptLength: 1)])
        _ = try model.logits(model.hidden(batch, cache: nil, tap: .none)).isFinite()
      }
    }
    return ["seconds": .number(taken)]
  }
}
