import JSON
import Tensors

/// What the machine can do: the peak of matrix products and the rate at which memory is read, where and in the type that the job says;
/// where it names `rows` and `matrices` (`[[in, out], ...]`), the products of an update with these too, forward and backward.
struct MachineWork: Workload {
  private let device: Device
  private let square: Tensor
  private let long: Tensor
  private let products: [Product]

  /// `x W^T` and `dy W`.
  private struct Product {
    let x, dy, weight: Tensor

    func callAsFunction() throws -> Tensor {
      _ = try x.linear(weight)
      return try dy.matmul(weight)
    }
    /// Two for each product of two numbers.
    var operations: Double { 4 * Double(x.size(0) * weight.size(0) * weight.size(1)) }
  }

  init(_ job: JSONReader) throws {
    let (device, dtype) = try job.place()
    self.device = device
    let random = try RandomSource(seed: 1, on: device)
    func normal(_ shape: [Int]) throws -> Tensor { try random.normal(shape).converted(to: dtype) }
    // Both beyond every cache, and large enough that a GPU is full.
    let side = device == .cpu ? 2048 : 8192
    square = try normal([side, side])
    long = try normal([32_768, 2048 * (device == .cpu ? 1 : 8)])
    let rows = try job.int(ifPresent: "rows") ?? 0
    products = try (job.array(ifPresent: "matrices") ?? []).map { matrix in
      let sizes = (matrix.array ?? []).compactMap(\.int)
      guard sizes.count == 2 else { throw JobError.matrix(matrix.text) }
      return Product(
        x: try normal([rows, sizes[0]]), dy: try normal([rows, sizes[1]]), weight: try normal([sizes[1], sizes[0]]))
    }
  }

  var ready: JSONObject { ["threads": .integer(Engine.threads)] }

  /// `gflops` of a square product and `read_gbs` of a sum, on all threads, and `products_gflops`: the best of eight each.
  mutating func round(_ request: JSONReader) throws -> JSONObject {
    let side = Double(square.size(0))
    let cube = try best { try square.matmul(square) }
    let sums = try best { try long.sum() }
    var found: JSONObject = [
      "gflops": .number(2 * side * side * side / cube / 1e9),
      "read_gbs": .number(Double(long.elementCount * (long.dtype.isReduced ? 2 : 4)) / sums / 1e9),
    ]
    if !products.isEmpty {
      let taken = try best {
        var last = square
        for product in products { last = try product() }
        return last
      }
      found["products_gflops"] = .number(products.reduce(0) { $0 + $1.operations } / taken / 1e9)
    }
    return found
  }

  /// Seconds of some work. A GPU is given it several times before anybody waits for it.
  private func best(_ work: () throws -> Tensor) throws -> Double {
    let times = device == .cpu ? 1 : 10
    func done() throws {
      var last = square
      for _ in 0..<times { last = try work() }
      if device != .cpu { _ = try last.reshaped([-1]).narrowed(0, 0..<1).values(as: Float.self) }
    }
    try done()
    return try (0..<8).map { _ in try seconds(of: done) / Double(times) }.min() ?? 0
  }
}
