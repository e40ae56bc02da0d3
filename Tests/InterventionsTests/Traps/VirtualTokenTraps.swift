import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// What goes wrong with tokens that are learned, and how it goes here.
@Suite(.engineAlone) struct VirtualTokenTraps {
  private func adapter(_ method: String, _ settings: JSONObject, _ model: any LanguageModel) throws -> Adapter {
    let method = try InterventionRegistry.standard.method(method)
    return try Adapter(
      .init(method: method.name, settings: settings, locations: Location.list(parsing: method.defaultLocations)),
      of: method, for: model, using: RandomSource(seed: 3))
  }

  /// In peft the rows are normal noise by default, from which models of today hardly learn.
  @Test func `random start: a soft prompt begins as embeddings of tokens of the vocabulary`() throws {
    let model = try TinyModel.load()
    let rows = try #require(adapter("prompt_tuning", ["tokens": 12], model).parameters.first).tensor
    let (width, values) = (model.shape.hidden, try rows.values(as: Float.self))
    let table = try model.embeddingTable.tensor().values(as: Float.self)
    let words = Set((0..<model.shape.vocabulary).map { Array(table[$0 * width..<($0 + 1) * width]) })
    let start = (0..<12).map { Array(values[$0 * width..<($0 + 1) * width]) }
    #expect(start.allSatisfy(words.contains) && Set(start).count > 6)
  }

  /// Prefixes of as many heads as queries have are for models without grouped queries.
  @Test func `grouped queries: a prefix has the heads of keys and values, not those of queries`() throws {
    let model = try TinyModel.load()
    let shape = model.shape
    #expect(shape.kvHeads < shape.heads)
    let prefix = try adapter("prefix_tuning", ["tokens": 5], model)
    #expect(prefix.parameters.allSatisfy { $0.tensor.shape == [5, shape.kvHeads * shape.headDim] })
    #expect(prefix.parameterCount == 2 * shape.layers * 5 * shape.kvHeads * shape.headDim)
    let batch = TokenBatch(prompts: [someTokens(6)])
    #expect(try model.scores(batch, prefix) != model.scores(batch))
  }
}
