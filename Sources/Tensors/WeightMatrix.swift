import CTorchShim

/// A matrix of weights `[out, in]`: floats, or what is decoded where it is used.
public enum WeightMatrix {
  /// As the engine has it.
  case plain(Tensor)
  /// As a file has it, or rounded to fewer bits.
  case encoded(EncodedMatrix)

  /// The number of rows.
  public var outputs: Int {
    switch self {
    case .plain(let tensor): tensor.size(0)
    case .encoded(let matrix): matrix.outputs
    }
  }

  /// The length of a row.
  public var inputs: Int {
    switch self {
    case .plain(let tensor): tensor.size(1)
    case .encoded(let matrix): matrix.inputs
    }
  }

  /// The type it is computed with.
  public var dtype: DType {
    switch self {
    case .plain(let tensor): tensor.dtype
    case .encoded: .float32
    }
  }

  /// Where it lies.
  public var device: Device {
    switch self {
    case .plain(let tensor): tensor.device
    case .encoded: .cpu
    }
  }

  /// The matrix as a tensor; decoded as a whole where it is encoded.
  public func tensor() throws(TensorError) -> Tensor {
    switch self {
    case .plain(let tensor): tensor
    case .encoded(let matrix): try matrix.decoded()
    }
  }

  /// Some of the rows, without a copy.
  public func narrowed(_ rows: Range<Int>) throws(TensorError) -> WeightMatrix {
    switch self {
    case .plain(let tensor): .plain(try tensor.narrowed(0, rows))
    case .encoded(let matrix): .encoded(matrix.narrowed(rows))
    }
  }

  /// Rows of this table for ids, `[ids, in]`.
  public func rows(_ ids: [Int64]) throws(TensorError) -> Tensor {
    switch self {
    case .plain(let tensor): try tensor.embedding(of: Tensor(ids, on: tensor.device))
    case .encoded(let matrix): try matrix.rows(ids)
    }
  }

  /// As the engine's door takes it; valid while this value lives.
  var forEngine: ReftMatrix {
    switch self {
    case .plain(let tensor):
      ReftMatrix(
        tensor: tensor.handle, bytes: nil, encoding: REFT_ENCODED_BF16, rows: Int64(tensor.size(0)),
        columns: Int64(tensor.size(1)))
    case .encoded(let matrix): matrix.forEngine
    }
  }
}
