import CTorchShim

/// A matrix `[out, in]` whose numbers take fewer bits than a float and are decoded where they are used.
///
/// A product reads a quarter or an eighth of the bytes that floats would take, and decodes a few rows at a time where the
/// processor has them at hand: decoding with few rows is bound by what memory gives. It computes, bit for bit, what the decoded
/// matrix does. Memory of the CPU alone.
public final class EncodedMatrix {
  /// How numbers are stored; the formulas are those of `Checkpoints.StorageType`.
  public enum Encoding: Sendable, CaseIterable {
    case bfloat16, float16, q4_0, q4_1, q8_0

    /// Numbers of a row that are stored together.
    public var blockElements: Int {
      switch self {
      case .bfloat16, .float16: 1
      case .q4_0, .q4_1, .q8_0: 32
      }
    }

    /// Bytes of a block.
    public var blockBytes: Int {
      switch self {
      case .bfloat16, .float16: 2
      case .q4_0: 18
      case .q4_1: 20
      case .q8_0: 34
      }
    }

    fileprivate var kind: ReftEncoding {
      switch self {
      case .bfloat16: REFT_ENCODED_BF16
      case .float16: REFT_ENCODED_F16
      case .q4_0: REFT_ENCODED_Q4_0
      case .q4_1: REFT_ENCODED_Q4_1
      case .q8_0: REFT_ENCODED_Q8_0
      }
    }
  }

  /// The number of rows, `out`.
  public let outputs: Int
  /// The length of a row, `in`.
  public let inputs: Int
  /// How the numbers are stored.
  public let encoding: Encoding
  private let bytes: UnsafeRawPointer
  private let owner: AnyObject
  /// What was decoded last, while somebody holds it.
  private weak var known: Tensor?

  /// A matrix of bytes that `owner` keeps alive and nobody changes: rows in order, without gaps.
  ///
  /// - Precondition: a row is whole blocks.
  public init(_ bytes: UnsafeRawPointer, outputs: Int, inputs: Int, encoding: Encoding, owner: AnyObject) {
    precondition(inputs > 0 && inputs % encoding.blockElements == 0, "a row is whole blocks")
    self.bytes = bytes
    self.outputs = outputs
    self.inputs = inputs
    self.encoding = encoding
    self.owner = owner
  }

  /// A matrix rounded to 8 bits a number, in blocks of 32 of a row with a half-precision scale each: `w = d q`,
  /// `d = max |w| / 127` (GGUF's Q8_0).
  ///
  /// - Precondition: the rows are whole blocks of 32.
  /// - Throws: ``TensorError`` for weights beyond some 8 million, whose scale half precision does not hold.
  public convenience init(rounding matrix: Tensor) throws(TensorError) {
    let (outputs, inputs) = (matrix.size(0), matrix.size(1))
    let memory = OwnBytes(count: outputs * inputs / 32 * 34)
    guard reft_encode_q8_0(matrix.handle, memory.start) == REFT_OK else { throw failure("encode", [matrix]) }
    self.init(UnsafeRawPointer(memory.start), outputs: outputs, inputs: inputs, encoding: .q8_0, owner: memory)
  }

  /// Some of the rows, without a copy.
  public func narrowed(_ rows: Range<Int>) -> EncodedMatrix {
    precondition(rows.lowerBound >= 0 && rows.upperBound <= outputs, "rows of this matrix")
    return EncodedMatrix(
      bytes + rows.lowerBound * (inputs / encoding.blockElements * encoding.blockBytes), outputs: rows.count,
      inputs: inputs, encoding: encoding, owner: owner)
  }

  /// All numbers as floats, `[out, in]`: one tensor as long as somebody holds it.
  public func decoded() throws(TensorError) -> Tensor {
    if let known { return known }
    let tensor = try perform("decoded", []) { out in withMatrix { reft_decode_matrix($0, out) } }
    known = tensor
    return tensor
  }

  /// Some rows as floats, `[ids, in]`, as an embedding table is read.
  public func rows(_ ids: [Int64]) throws(TensorError) -> Tensor {
    try perform("rows", []) { out in withMatrix { reft_decode_rows($0, ids, Int64(ids.count), out) } }
  }

  private func withMatrix(_ body: (UnsafePointer<ReftMatrix>) -> ReftStatus) -> ReftStatus {
    var matrix = forEngine
    defer { withExtendedLifetime(self) {} }
    return body(&matrix)
  }

  /// As the engine's door takes it; valid while this object lives.
  var forEngine: ReftMatrix {
    ReftMatrix(tensor: nil, bytes: bytes, encoding: encoding.kind, rows: Int64(outputs), columns: Int64(inputs))
  }

  private final class OwnBytes {
    let start: UnsafeMutableRawPointer
    init(count: Int) { start = .allocate(byteCount: max(count, 1), alignment: 64) }
    deinit { start.deallocate() }
  }
}
