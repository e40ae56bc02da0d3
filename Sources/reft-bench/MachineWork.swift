import JSON
import Tensors

/// What the machine can do: the peak of float32 matrix products, the rate at which memory is read, and, where the job names `rows` and
/// `matrices` (`[[in, out], ...]`), the products of an update with these, forward and backward.
struct MachineWork: Workload {
  private let square: Tensor
  private let long: Tensor
  private let products: [Product]

  /// `x W^T` and `dy W`.
  private struct Product {
    let x, dy, weight: Tensor

    func callAsFunction() throws {
      _ = try x.linear(weight)
      _ = try dy.matmul(weight)
    }
    /// Two for each product of two numbers.
    var operations: Double { 4 * Double(x.size(0) * weight.size(0) * weight.size(1)) }
  }

  private static let side = 2048
  /// 256 MB: beyond every cache.
  private static let rows = 32_768

  init(_ job: JSONReader) throws {
    let random = try RandomSource(seed: 1)
    square = try random.normal([Self.side, Self.side])
    long = try random.normal([Self.rows, Self.side])
    let rows = try job.int(ifPresent: "rows") ?? 0
    products = try (job.array(ifPresent: "matrices") ?? []).map { matrix in
      let sizes = (matrix.array ?? []).compactMap(\.int)
      guard sizes.count == 2 else { throw JobError.matrix(matrix.text) }
      return Product(
        x: try random.normal([rows, sizes[0]]), dy: try random.normal([rows, sizes[1]]),
        weight: try random.normal([sizes[1], sizes[0]]))
    }
  }

  var ready: JSONObject { ["threads": .integer(Engine.threads)] }

  /// `gflops` of 2048^3, the best of eight; `read_gbs` of a sum over 256 MB on all threads, the best of eight.
  mutating func round(_ request: JSONReader) throws -> JSONObject {
    let cube = try best { _ = try square.matmul(square) }
    let sums = try best { _ = try long.sum() }
    let operations = 2 * Double(Self.side * Self.side) * Double(Self.side)
    var found: JSONObject = [
      "gflops": .number(operations / cube / 1e9),
      "read_gbs": .number(Double(4 * Self.rows * Self.side) / sums / 1e9),
    ]
    if !products.isEmpty {
      let taken = try best { for product in products { try product() } }
      found["products_gflops"] = .number(products.reduce(0) { $0 + $1.operations } / taken / 1e9)
    }
    return found
  }

  private func best(_ work: () throws -> Void) throws -> Double {
    try work()
    return try (0..<8).map { _ in try seconds(of: work) }.min() ?? 0
  }
}
