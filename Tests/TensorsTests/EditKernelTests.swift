import Tensors
import Testing
import _TestSupport

/// The kernels of edits equal the operations of their formulas, in values and in gradients.
@Suite(.engineAlone) struct EditKernelTests: KernelLaws {
  let random: RandomSource

  init() throws { random = try RandomSource(seed: 8) }

  private let index = [4, 0, 7] as [Int64]

  @Test func `changed rows are what select and replace give`() throws {
    let rows = try Tensor(index)
    let factor = try normal(3, 5)
    for rank in [2, 3] {
      let shape = rank == 2 ? [9, 5] : [9, 2, 5]
      let scale = rank == 2 ? factor : try factor.unsqueezed(1)
      try expectSame([random.normal(shape)]) {
        [try $0[0].changing(rows: rows) { x throws(TensorError) in try (x * x) * scale }]
      } _: {
        let chosen = try $0[0].selected(rows)
        return [try $0[0].replacing(rows, with: chosen * chosen * scale)]
      }
    }
  }

  @Test func `what else is done with the whole tensor keeps its gradient`() throws {
    let rows = try Tensor(index)
    // The same gradient goes to both sides of a sum, and must not be written over for one of them.
    try expectSame([normal(9, 5), normal(9, 5)]) {
      let sum = try $0[0] + $0[1]
      let changed = try sum.changing(rows: rows) { x throws(TensorError) in try x * 3 }
      return [try changed + sum, sum, try changed + $0[0]]
    } _: {
      let sum = try $0[0] + $0[1]
      let changed = try sum.replacing(rows, with: sum.selected(rows) * 3)
      return [try changed + sum, sum, try changed + $0[0]]
    }
  }

  @Test func `a change that does not look at the rows cuts their gradient off`() throws {
    let rows = try Tensor(index)
    try expectSame([normal(9, 5), normal(3, 5)]) {
      let other = $0[1]
      return [try $0[0].changing(rows: rows) { _ throws(TensorError) in try other * 2 }]
    } _: {
      [try $0[0].replacing(rows, with: $0[1] * 2)]
    }
    // And a tensor without a graph takes none from the rows but theirs.
    let fixed = try normal(9, 5)
    try expectSame([normal(5)]) {
      let gain = $0[0]
      return [try fixed.changing(rows: rows) { x throws(TensorError) in try x * gain }]
    } _: {
      [try fixed.replacing(rows, with: fixed.selected(rows) * $0[0])]
    }
  }

  @Test(arguments: [1, 4, 12]) func `LoReFT's edit of rows`(rank: Int) throws {
    let leaves = [try normal(11, 12), try normal(12, rank), try normal(rank, 12), try normal(rank)]
    func plain(_ x: Tensor, _ c: Tensor, _ w: Tensor, _ b: Tensor) throws -> Tensor {
      try x + (x.matmul(w.transposed()) + b - x.matmul(c)).matmul(c.transposed())
    }
    try expectSame(leaves, within: 4e-6) {
      [try $0[0].editedWithin(columns: $0[1], weight: $0[2], bias: $0[3])]
    } _: {
      [try plain($0[0], $0[1], $0[2], $0[3])]
    }
    // Rows without a graph, as at the lowest edit; and a fixed subspace.
    try expectSame(Array(leaves[2...]), within: 4e-6) {
      [try leaves[0].editedWithin(columns: leaves[1], weight: $0[0], bias: $0[1])]
    } _: {
      [try plain(leaves[0], leaves[1], $0[0], $0[1])]
    }
  }

  @Test(arguments: [(7, 1), (9, 4), (40, 16), (6, 6)])
  func `reflections in their compact form`(d: Int, r: Int) throws {
    let below = try Tensor.full([d, r], value: 1).lowerTriangle(diagonal: -1)
    let above = try Tensor.full([r, r], value: 1).upperTriangle(diagonal: 1)
    let signs = try Tensor((0..<r).map { $0 % 2 == 0 ? Float(1) : -1 }, shape: [r, 1])
    let (spread, reflectors) = (try normal(d, r), try normal(d, r))
    let unit = try Tensor.identity(rows: d, columns: r)
    try expectSame([normal(d, r)], within: 2e-5) {
      [try $0[0].reflected(from: (spread, reflectors), signs: signs, below: below, above: above)]
    } _: {
      let strict = try $0[0] * below
      let v = try strict + unit
      let halves = try ((strict * strict).sum(along: 0) + 1) * 0.5
      let triangle = try v.transposed().matmul(v) * above + halves.asDiagonalMatrix()
      let local = try v.matmul(triangle.solveTriangular(v.transposed().matmul(unit), upper: true)) - unit
      let top = try local.narrowed(0, 0..<r) * signs
      let signed = r == d ? top : try Tensor.concatenated([top, local.narrowed(0, r..<d)], along: 0)
      return [try signed - spread.matmul(reflectors.transposed().matmul(signed))]
    }
  }
}
