import LanguageModels
import Tensors
import TextGeneration

/// An edit in the manner of LoReFT, `h + (h A) B` with fixed low-rank maps, for tests.
final class ShiftEdit: ActivationEdit {
  private let down, up: Tensor

  init(width: Int, seed: UInt64, strength: Double = 1) throws {
    let random = try RandomSource(seed: seed)
    down = try random.normal([width, 2], deviation: strength)
    up = try random.normal([2, width], deviation: strength)
  }

  func callAsFunction(_ activation: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
    try activation + activation.matmul(down).matmul(up)
  }

  /// The tap that edits the first two and the last two prompt tokens behind every block.
  func onPromptEnds(of batch: TokenBatch, layers: Int) throws(TensorError) -> Tap {
    var rows: [Int64] = []
    for (sequence, packed) in zip(batch.sequences, batch.rows) {
      for (offset, row) in packed.enumerated() {
        let position = sequence.start + offset
        let n = sequence.promptLength
        if position < n, position < 2 || position >= n - 2 { rows.append(Int64(row)) }
      }
    }
    var tap = Tap.none
    guard !rows.isEmpty else { return tap }
    for layer in 0..<layers {
      tap.place(self, at: Site(layer: layer, component: .blockOutput), on: .some(RowIndex(rows)))
    }
    return tap
  }

  /// The tap that edits generated tokens alone.
  func onGenerated(of batch: TokenBatch, layers: Int) throws(TensorError) -> Tap {
    var rows: [Int64] = []
    for (sequence, packed) in zip(batch.sequences, batch.rows) {
      rows += packed.enumerated().filter { sequence.start + $0.offset >= sequence.promptLength }.map {
        Int64($0.element)
      }
    }
    var tap = Tap.none
    guard !rows.isEmpty else { return tap }
    for layer in 0..<layers {
      tap.place(self, at: Site(layer: layer, component: .mlpOutput), on: .some(RowIndex(rows)))
    }
    return tap
  }
}
