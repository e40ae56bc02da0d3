import Checkpoints
import LanguageModels
import Tensors

/// The rows of texts at one place of the residual stream, kept from epoch to epoch.
final class TrunkStore {
  /// What decides the rows of a text: without what is trained, a text always has the same.
  struct Text: Hashable {
    let tokens: [Int32]
    let promptLength: Int

    init(_ sequence: TokenBatch.Sequence) { (tokens, promptLength) = (sequence.tokens, sequence.promptLength) }
  }

  private let room: ScratchBytes
  private let width: Int
  private let dtype: DType
  private let device: Device
  private var firstRows: [Text: Int] = [:]
  private var count = 0

  /// An empty store.
  ///
  /// - Parameter sample: rows such as will be kept.
  init(in room: ScratchBytes, for sample: Tensor) {
    self.room = room
    (width, dtype, device) = (sample.size(1), sample.dtype, sample.device)
  }

  private var rowBytes: Int { width * dtype.byteCount }

  func holds(_ text: Text) -> Bool { firstRows[text] != nil }

  /// Keeps the rows `[rows, d]` of a batch.
  func keep(_ rows: Tensor, of batch: TokenBatch) throws(TensorError) {
    for (sequence, range) in zip(batch.sequences, batch.rows) {
      try rows.narrowed(0, range).copy(into: bytes(count..<count + range.count))
      firstRows[Text(sequence)] = count
      count += range.count
    }
  }

  /// The rows of a batch, `[rows, d]`; `nil` where those of a text are not kept.
  ///
  /// - Parameter texts: the whole text that each sequence of the batch is a part of.
  func rows(of batch: TokenBatch, in texts: [TokenBatch.Sequence]) throws(TensorError) -> Tensor? {
    var parts: [Tensor] = []
    for (sequence, text) in zip(batch.sequences, texts) {
      guard let first = firstRows[Text(text)] else { return nil }
      let rows = first + sequence.start..<first + sequence.start + sequence.tokens.count
      guard let base = UnsafeRawBufferPointer(bytes(rows)).baseAddress else { return nil }
      parts.append(try .mapping(base, shape: [rows.count, width], dtype: dtype, owner: room))
    }
    return try Tensor.concatenated(parts, along: 0).moved(to: device)
  }

  private func bytes(_ rows: Range<Int>) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(
      rebasing: room.bytes[rows.lowerBound * rowBytes..<rows.upperBound * rowBytes])
  }
}
