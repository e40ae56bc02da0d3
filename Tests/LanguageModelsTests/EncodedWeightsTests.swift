import JSON
import Tensors
import Testing
import _TestSupport

@testable import Checkpoints
@testable import LanguageModels

/// Models whose matrices are decoded where they are used.
@Suite(.engineAlone) struct EncodedWeightsTests {
  private func model(_ checkpoint: Checkpoint, _ weights: WeightForm) throws -> any LanguageModel {
    try ModelRegistry.standard.model(from: checkpoint, weights: weights)
  }

  /// Texts of few rows and of many.
  private func logits(_ model: any LanguageModel) throws -> [Tensor] {
    try withoutGradients {
      try [5, min(200, model.shape.contextLength - 1)].map { count in
        let ids = (0..<count).map { Int32($0 * 7 % model.shape.vocabulary) }
        let batch = TokenBatch(prompts: model.isCausal ? [Array(ids[..<(count / 2)]), ids] : [Array(ids.prefix(30))])
        let hidden = try model.hidden(batch, cache: nil, tap: .none)
        return try model.scoresVocabulary ? model.logits(hidden) : hidden
      }
    }
  }

  private func gap(_ a: [Tensor], _ b: [Tensor]) throws -> Double {
    try zip(a, b).map { try ($0 - $1).abs().max().item() / $0.abs().max().item() }.max() ?? 0
  }

  @Test func `the engine decodes every encoding to the bits that files are read to`() throws {
    let types = Golden.folder("../CheckpointsTests/Fixtures") + "/types.gguf"
    var seen: Set<EncodedMatrix.Encoding> = []
    for stored in try GGUFFile(types).tensors {
      guard let encoding = stored.storage.encoding, let rows = try stored.encodedRows() else { continue }
      let matrix = EncodedMatrix(
        rows.pointer, outputs: stored.shape[0], inputs: stored.shape[1], encoding: encoding, owner: rows.owner)
      let decoded = try matrix.decoded().values(as: Float.self)
      #expect(try decoded.map(\.bitPattern) == stored.floats().map(\.bitPattern), "\(stored.name)")
      seen.insert(encoding)
    }
    #expect(seen == Set(EncodedMatrix.Encoding.allCases))
  }

  @Test(arguments: TinyModel.names)
  func `a checkpoint in bfloat16 computes the same whether its matrices are decoded before or while`(
    name: String
  ) throws {
    let scratch = try ScratchFolder()
    let original = try TinyModel.checkpoint(name)
    let path = scratch.path + "/halved"
    try HuggingFaceFolder.write(
      to: path, configuration: original.configuration.object,
      tensors: original.tensors.filter(\.storage.isFloat).map { stored -> WritableTensor in
        let halves = try stored.floats().map { UInt16(($0.bitPattern &+ 0x8000) >> 16).littleEndian }
        return WritableTensor(name: stored.name, storage: .bfloat16, shape: stored.shape) { sink in
          try halves.withUnsafeBytes { try sink($0) }
        }
      })
    let checkpoint = try Checkpoint.open(path)
    let (plain, stored) = (try model(checkpoint, .plain), try model(checkpoint, .stored))
    guard case .encoded = stored.embeddingTable else {
      Issue.record("the table was decoded")
      return
    }
    let floats = try logits(plain)
    // Products of many rows may be taken in pieces that lie elsewhere in memory.
    #expect(try gap(floats, logits(stored)) < 2e-6)
    // The negative control: the weights before they were halved.
    #expect(try gap(floats, logits(model(original, .plain))) > 1e-4)
    #expect(stored.parameterCount == plain.parameterCount)
  }

  /// Each number moves by up to 1/254 of the largest of its block; through layers of random weights scores moved by at most 0.16 of
  /// the largest.
  @Test(arguments: TinyModel.names)
  func `eight bits change scores a little`(name: String) throws {
    let checkpoint = try TinyModel.checkpoint(name)
    let floats = try logits(model(checkpoint, .plain))
    let change = try gap(floats, logits(model(checkpoint, .int8)))
    #expect(change < 0.3)
    #expect(change > 1e-5)
    #expect(try gap(floats, logits(model(checkpoint, .stored))) == 0)
  }

  @Test func `what is missing or misshapen is told as of plain weights`() throws {
    let original = try TinyModel.checkpoint()
    let scratch = try ScratchFolder()
    let path = scratch.path + "/broken"
    try HuggingFaceFolder.write(
      to: path, configuration: original.configuration.object,
      tensors: original.tensors.filter { !$0.name.hasSuffix("layers.0.mlp.up_proj.weight") }.map { WritableTensor($0) })
    let checkpoint = try Checkpoint.open(path)
    for form in WeightForm.allCases {
      let error = try #require(throws: (any Error).self) { try model(checkpoint, form) }
      #expect("\(error)".contains("layers.0.mlp.up_proj.weight"), "\(form)")
    }
  }

  @Test func `forms by their names, where there is a choice`() throws {
    #expect(try WeightForm.resolve("auto", on: .cpu, dtype: .float32) == .stored)
    #expect(try WeightForm.resolve("auto", on: .cuda(0), dtype: .bfloat16) == .plain)
    #expect(try WeightForm.resolve("auto", on: .cpu, dtype: .bfloat16) == .plain)
    #expect(try WeightForm.resolve("int8", on: .cpu, dtype: .float32) == .int8)
    #expect(throws: ModelError.self) { try WeightForm.resolve("int8", on: .cuda(0), dtype: .float32) }
    let unknown = #expect(throws: ModelError.self) { try WeightForm.resolve("in8", on: .cpu, dtype: .float32) }
    #expect(unknown?.remedy?.contains("did you mean 'int8'?") == true)
  }
}
