public import Tensors

/// Numbers of rows, known to the host, who decides by them, and to the device, which selects by them.
public final class RowIndex {
  /// The numbers, ascending, without repeats.
  public let rows: [Int64]
  private let device: Device
  private var made: Tensor?

  /// Some rows of what lies on a device.
  public init(_ rows: [Int64], on device: Device = .cpu) {
    self.rows = rows
    self.device = device
  }

  /// int64 `[rows]` on the device, made when it is first asked for.
  public func tensor() throws(TensorError) -> Tensor {
    if let made { return made }
    let tensor = try Tensor(rows, on: device)
    made = tensor
    return tensor
  }

  /// Other rows, on the same device.
  func with(_ rows: [Int64]) -> RowIndex { RowIndex(rows, on: device) }
}
