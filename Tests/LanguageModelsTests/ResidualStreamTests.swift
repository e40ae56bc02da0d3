import LanguageModels
import Tensors
import Testing
import _TestSupport

/// A pass that begins at a place on the residual stream is the whole pass.
@Suite(.engineAlone) struct ResidualStreams {
  /// An edit that shows: `1.1 h + 0.3`.
  private final class Shift: ActivationEdit {
    func callAsFunction(_ activation: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
      try activation * 1.1 + 0.3
    }
  }

  private let batch = TokenBatch([
    .init(tokens: [5, 9, 13, 2, 7], promptLength: 3), .init(tokens: [4, 8], promptLength: 1),
    .init(tokens: [3, 1, 4, 1, 5, 9, 2], promptLength: 7),
  ])

  private func places(_ model: any LanguageModel) -> [Site] {
    (0..<model.shape.layers).flatMap {
      [Site(layer: $0, component: .blockInput), Site(layer: $0, component: .blockOutput)]
    }
  }

  /// Edits of some rows at every site.
  private func edits(_ model: any LanguageModel) throws -> Tap {
    var tap = Tap.none
    let rows = RowIndex([1, 4, 5, 11])
    for layer in 0..<model.shape.layers {
      for component in model.components {
        tap.place(Shift(), at: Site(layer: layer, component: component), on: .some(rows))
      }
    }
    return tap
  }

  @Test(arguments: TinyModel.names)
  func `from any place on, a pass gives what the whole gives, bit for bit`(name: String) throws {
    try withoutLeaks {
      let model = try TinyModel.load(name)
      for tap in [Tap.none, try edits(model)] {
        let whole = try model.hidden(batch, cache: nil, tap: tap).values(as: Float.self)
        for site in places(model) {
          let stream = try model.stream(batch, at: site, tap: tap)
          #expect(stream.rows.shape == [batch.rowCount, model.shape.hidden])
          #expect(try model.hidden(batch, from: stream, tap: tap).values(as: Float.self) == whole, "\(site)")
        }
      }
    }
  }

  /// The edits of the place itself belong to what follows: without them the result is another.
  @Test(arguments: ["llama_gqa_tied", "gpt_neox", "gemma2", "bert"])
  func `a stream has the edits below its place and none at it`(name: String) throws {
    let model = try TinyModel.load(name)
    let (below, at) = (Site(layer: 0, component: .mlpOutput), Site(layer: 0, component: .blockOutput))
    func rows(_ sites: [Site]) throws -> [Float] {
      var tap = Tap.none
      for site in sites { tap.place(Shift(), at: site, on: .all) }
      return try model.stream(batch, at: at, tap: tap).rows.values()
    }
    #expect(try rows([at]) == rows([]))
    #expect(try rows([below, at]) == rows([below]))
    #expect(try rows([below]) != rows([]))
    var tap = Tap.none
    tap.place(Shift(), at: at, on: .all)
    let stream = try model.stream(batch, at: at, tap: tap)
    #expect(
      try model.hidden(batch, from: stream, tap: .none).values(as: Float.self)
        != model.hidden(batch, cache: nil, tap: tap).values(as: Float.self))
  }

  @Test func `places tell how many blocks lie below, and which place lies below a site`() {
    #expect(Site(layer: 3, component: .blockInput).blocksBelow == 3)
    #expect(Site(layer: 3, component: .blockOutput).blocksBelow == 4)
    #expect(Site(layer: 3, component: .headOutput).streamBelow == Site(layer: 3, component: .blockInput))
    #expect(Site(layer: 3, component: .blockOutput).streamBelow == Site(layer: 3, component: .blockOutput))
  }
}
