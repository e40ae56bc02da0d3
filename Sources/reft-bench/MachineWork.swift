import JSON
import Tensors

/// What the machine can do: the peak of float32 matrix products, and the rate at which memory is read.
struct MachineWork: Workload {
  private let square: Tensor
  private let long: Tensor

  private static let side = 2048
  /// 256 MB: beyond every cache.
  private static let rows = 32_768

  init() throws {
    let random = try RandomSource(seed: 1)
    square = try random.normal([Self.side, Self.side])
    long = try random.normal([Self.rows, Self.side])
  }

  var ready: JSONObject { ["threads": .integer(Engine.threads)] }

  /// `gflops` of 2048^3, the best of eight; `read_gbs` of a sum over 256 MB on all threads, the best of eight.
  mutating func round(_ request: JSONReader) throws -> JSONObject {
    let products = try best { _ = try square.matmul(square) }
    let sums = try best { _ = try long.sum() }
    let cube = 2 * Double(Self.side * Self.side) * Double(Self.side)
    return [
      "gflops": .number(cube / products / 1e9),
      "read_gbs": .number(Double(4 * Self.rows * Self.side) / sums / 1e9),
    ]
  }

  private func best(_ work: () throws -> Void) throws -> Double {
    try work()
    return try (0..<8).map { _ in try seconds(of: work) }.min() ?? 0
  }
}
