import Tensors
import Testing
import _TestSupport

/// Every kernel of our own equals the operations of its formula, in values and in gradients; sizes that are no multiples of any
/// lane, inputs with gaps between their rows.
@Suite(.engineAlone) struct KernelTests: KernelLaws {
  let random: RandomSource

  init() throws { random = try RandomSource(seed: 7) }

  @Test(arguments: [(1, 2), (3, 5), (7, 64), (40, 577)])
  func norm(rows: Int, width: Int) throws {
    let gain = try normal(width)
    func plain(_ x: Tensor) throws -> Tensor {
      let mean = try (x * x).sum(along: 1, keep: true) / Double(width)
      return try x / squareRoot(mean + 1e-5) * gain
    }
    try expectSame([normal(rows, width + 2)]) {
      [try gapped($0[0], width).rmsNormalised(weight: gain, epsilon: 1e-5)]
    } _: {
      [try plain(gapped($0[0], width))]
    }
    try expectSame([normal(rows, width), normal(rows, width + 2)]) {
      let (sum, normed) = try $0[0].addedAndNormalised(gapped($0[1], width), weight: gain, epsilon: 1e-5)
      return [normed, sum]
    } _: {
      let sum = try $0[0] + gapped($0[1], width)
      return [try plain(sum), sum]
    }
    // One of the two results alone has a gradient.
    try expectSame([normal(rows, width), normal(rows, width)]) {
      [try $0[0].addedAndNormalised($0[1], weight: gain, epsilon: 1e-5).sum]
    } _: {
      [try $0[0] + $0[1]]
    }
  }

  /// `x^(1/2)` of positive entries: the engine's norm of each entry alone, squared away.
  private func squareRoot(_ x: Tensor) throws -> Tensor {
    // sqrt(x) = x / |sqrt(x)| has no plain operation here; the norm of [sqrt a, ...] would need it too, so Newton's steps do.
    var y = try x * 0.5 + 0.5
    for _ in 0..<40 { y = try (y + x / y) * 0.5 }
    return y
  }

  private func plain(_ gate: Tensor.Gate, _ x: Tensor) throws -> Tensor {
    switch gate {
    case .silu: try x.silu()
    case .geluTanh: try x.gelu(approximate: true)
    }
  }

  @Test(arguments: [(1, 1), (5, 33), (19, 1536)], Tensor.Gate.allCases)
  func gate(size: (rows: Int, width: Int), by gate: Tensor.Gate) throws {
    let (rows, width) = size
    try expectSame([normal(rows, width + 1), normal(rows, width + 3)]) {
      [try gapped($0[0], width).gated(gapped($0[1], width), by: gate)]
    } _: {
      [try plain(gate, gapped($0[0], width)) * gapped($0[1], width)]
    }
  }

  @Test(arguments: Tensor.Gate.allCases) func gateAtTheEnds(_ gate: Tensor.Gate) throws {
    let ends: [Float] = [-1e4, -200, -100, -88, -87, -30, 0, 30, 87, 88, 100, 200, 1e4]
    let gates = try Tensor(ends, shape: [1, ends.count])
    let ones = try Tensor.full([1, ends.count], value: 1)
    #expect(try difference(plain(gate, gates), gates.gated(ones, by: gate)) < 1e-6)
    try gates.setRequiresGradient(true)
    try gates.gated(ones, by: gate).sum().backward()
    let slopes: [Float] = try #require(try gates.gradient()).values()
    for (slope, x) in zip(slopes, ends) { #expect(abs(slope - (x > 0 ? 1 : x < 0 ? 0 : 0.5)) < 1e-6, "at \(x)") }
  }

  /// A number does not depend on where it stands: lanes and what is left behind them compute alike.
  @Test(arguments: Tensor.Gate.allCases) func aGateIsTheSameWhereverItStands(_ gate: Tensor.Gate) throws {
    let (g, u) = (try normal(6, 40), try normal(6, 40))
    let whole = try g.gated(u, by: gate).narrowed(1, 1..<40)
    let part = try g.narrowed(1, 1..<40).gated(u.narrowed(1, 1..<40), by: gate)
    let (a, b): ([Float], [Float]) = (try whole.values(), try part.values())
    #expect(a == b)
  }

  @Test(arguments: [(16, 16), (16, 8), (64, 64), (6, 2)])
  func rotation(width: Int, turning: Int) throws {
    let angles = try normal(9, 1, turning / 2)
    let table = try Tensor.concatenated([angles, angles], along: 2)
    let (cosine, sine) = (try table.cos(), try table.sin())
    try expectSame([normal(9, 3, width)]) {
      [try $0[0].turned(cosine: cosine, sine: sine)]
    } _: {
      let x = try $0[0].narrowed(2, 0..<turning)
      let half = turning / 2
      let rotated = try Tensor.concatenated([-x.narrowed(2, half..<turning), x.narrowed(2, 0..<half)], along: 2)
      let turned = try x * cosine + rotated * sine
      return [
        turning == width ? turned : try Tensor.concatenated([turned, $0[0].narrowed(2, turning..<width)], along: 2)
      ]
    }
  }

  // Nobody who records has the kernel of few rows, which rounds otherwise.
  @Test func mapsOfOneInput() throws {
    let weights = [try normal(5, 12), try normal(3, 12), try normal(7, 12)]
    let bias = try normal(3)
    try expectSame([normal(11, 12)], unrecordedWithin: 2e-6) {
      try $0[0].linears([(.plain(weights[0]), nil), (.plain(weights[1]), bias), (.plain(weights[2]), nil)])
    } _: {
      [try mapped($0[0], weights[0]), try mapped($0[0], weights[1]) + bias, try mapped($0[0], weights[2])]
    }
    // Matrices that lie one behind the other are one product; one too far on is none of them.
    let whole = try normal(20, 12)
    let parts = [try whole.narrowed(0, 0..<5), try whole.narrowed(0, 5..<8), try whole.narrowed(0, 8..<15)]
    for last in [parts[2], try whole.narrowed(0, 9..<16)] {
      try expectSame([normal(40, 12)], unrecordedWithin: 2e-6) {
        try $0[0].linears([(.plain(parts[0]), nil), (.plain(parts[1]), nil), (.plain(last), nil)])
      } _: {
        [try mapped($0[0], parts[0]), try mapped($0[0], parts[1]), try mapped($0[0], last)]
      }
    }
    // One output alone is used; and trained weights get their gradients.
    try expectSame([normal(11, 12)], unrecordedWithin: 2e-6) {
      [try $0[0].linears([(.plain(weights[0]), nil), (.plain(weights[1]), bias)])[1]]
    } _: {
      [try mapped($0[0], weights[1]) + bias]
    }
    try expectSame([normal(11, 12), normal(5, 12)], unrecordedWithin: 2e-6) {
      try $0[0].linears([(.plain($0[1]), nil), (.plain(weights[2]), nil)])
    } _: {
      [try mapped($0[0], $0[1]), try mapped($0[0], weights[2])]
    }
  }

  /// `x W^T` by the engine.
  private func mapped(_ x: Tensor, _ weight: Tensor) throws -> Tensor { try x.matmul(weight.transposed()) }

  /// Wide enough that two threads share the columns; 2 x 288 and 2 x 336 of them, whole panels and not.
  @Test(arguments: [576, 649], [false, true]) func aProductSharedByThreads(columns: Int, hasBias: Bool) throws {
    let before = Engine.threads
    Engine.threads = 2
    defer { Engine.threads = before }
    let weight = try normal(columns, 70)
    let bias = hasBias ? try normal(columns) : nil
    try expectSame([normal(45, 72)], within: 4e-6) {
      [try gapped($0[0], 70).linear(weight, bias: bias)]
    } _: {
      let product = try mapped(gapped($0[0], 70), weight)
      return [try bias.map { try product + $0 } ?? product]
    }
    // The gradient of the input is a product of as many columns as the input has.
    let turned = try weight.transposed().contiguous()
    try expectSame([normal(45, columns)], within: 4e-6) {
      try $0[0].linears([(.plain(turned), nil), (.plain(turned), nil)])
    } _: {
      [try mapped($0[0], turned), try mapped($0[0], turned)]
    }
  }

  /// Sequences alone, in chains and in trees; groups of query heads; more keys than one block, and heads of any width.
  @Test(
    arguments: [
      ([(5, nil), (1, nil), (9, nil)], 4, 2, 8), ([(7, nil), (3, 0), (4, 0), (2, 2), (6, nil), (1, 4)], 6, 2, 20),
      ([(300, nil), (140, 0)], 2, 1, 8), ([(33, nil), (20, nil)], 3, 3, 64),
    ] as [([(Int, Int?)], Int, Int, Int)])
  func attention(_ lengths: [(Int, Int?)], heads: Int, kvHeads: Int, width: Int) throws {
    let sequences = rows(lengths)
    let count = try #require(sequences.last).own.upperBound
    for causal in [true, false] where causal || lengths.allSatisfy({ $0.1 == nil }) {
      let visible = try visibility(of: sequences, path: 0, causal: causal)
      // Queries and keys with gaps between their rows, as parts of one product have them.
      try expectSame(
        [
          normal(count, heads, width + 3), normal(count, kvHeads, width + 1), normal(count, kvHeads, width),
        ], within: 1e-5
      ) {
        [
          try Tensor.packedAttention(
            query: gapped($0[0], width), key: gapped($0[1], width), value: $0[2], sequences: sequences,
            causal: causal, scale: 0.3)
        ]
      } _: {
        [try attended(gapped($0[0], width), gapped($0[1], width), $0[2], visible)]
      }
    }
  }

  /// Sequences and branches behind different lengths of a path, which has gradients too.
  @Test(arguments: [1, 40]) func attentionBehindAPath(of length: Int) throws {
    let sequences = [
      Tensor.Rows(own: 0..<3, pathRows: length), Tensor.Rows(own: 3..<20, parent: 0), Tensor.Rows(own: 20..<21),
      Tensor.Rows(own: 21..<25, pathRows: length / 2), Tensor.Rows(own: 25..<26, parent: 1),
    ]
    let visible = try visibility(of: sequences, path: length, causal: true)
    try expectSame(
      [normal(26, 6, 8), normal(26, 2, 8), normal(26, 2, 8), normal(length, 2, 8), normal(length, 2, 8)],
      within: 1e-5, unrecordedWithin: 2e-6
    ) {
      [
        try Tensor.packedAttention(
          query: $0[0], key: $0[1], value: $0[2], path: ($0[3], $0[4]), sequences: sequences, causal: true, scale: 0.3)
      ]
    } _: {
      [
        try attended(
          $0[0], Tensor.concatenated([$0[3], $0[1]], along: 0), Tensor.concatenated([$0[4], $0[2]], along: 0), visible)
      ]
    }
  }

  private func rows(_ lengths: [(Int, Int?)]) -> [Tensor.Rows] {
    lengths.reduce(into: []) { rows, next in
      let first = rows.last?.own.upperBound ?? 0
      rows.append(.init(own: first..<first + next.0, parent: next.1))
    }
  }

  /// `[rows, path + rows]`, 0 where a row may look at a column, else minus infinity.
  private func visibility(of sequences: [Tensor.Rows], path: Int, causal: Bool) throws -> Tensor {
    let rows = try #require(sequences.last).own.upperBound
    let columns = path + rows
    var mask = [Float](repeating: -.infinity, count: rows * columns)
    for sequence in sequences {
      for row in sequence.own {
        for column in sequence.own where column <= row || !causal { mask[row * columns + path + column] = 0 }
        var root = sequence
        while let parent = root.parent {
          root = sequences[parent]
          for column in root.own { mask[row * columns + path + column] = 0 }
        }
        for column in 0..<root.pathRows { mask[row * columns + column] = 0 }
      }
    }
    return try Tensor(mask, shape: [rows, columns])
  }

  /// `softmax(Q K^T 0.3 + mask) V`, head by head.
  private func attended(_ query: Tensor, _ key: Tensor, _ value: Tensor, _ mask: Tensor) throws -> Tensor {
    let (heads, group) = (query.size(1), query.size(1) / key.size(1))
    return try Tensor.concatenated(
      (0..<heads).map { head in
        let kv = head / group
        let q = try query.narrowed(1, head..<head + 1).squeezed(1)
        let k = try key.narrowed(1, kv..<kv + 1).squeezed(1)
        let v = try value.narrowed(1, kv..<kv + 1).squeezed(1)
        return try (q.matmul(k.transposed()) * 0.3 + mask).softmax(along: 1).matmul(v).unsqueezed(1)
      }, along: 1)
  }

  /// Other types take the engine's operations.
  @Test func otherTypes() throws {
    let (x, gain) = (try normal(4, 6), try normal(6))
    let (doubles, doubleGain) = (try x.converted(to: .float64), try gain.converted(to: .float64))
    let (sum, normed) = try doubles.addedAndNormalised(doubles, weight: doubleGain, epsilon: 1e-5)
    #expect(sum.dtype == .float64)
    let float = try x.addedAndNormalised(x, weight: gain, epsilon: 1e-5)
    #expect(try difference(normed.converted(to: .float32), float.normed) < 1e-6)
    #expect(try difference(doubles.gated(doubles, by: .silu).converted(to: .float32), x.gated(x, by: .silu)) < 1e-6)
    let heads = try doubles.reshaped([4, 1, 6])
    let rows = [Tensor.Rows(own: 0..<2), Tensor.Rows(own: 2..<4, parent: 0)]
    func own(_ h: Tensor) throws -> Tensor {
      try Tensor.packedAttention(query: h, key: h, value: h, sequences: rows, causal: true, scale: 1)
    }
    #expect(try difference(own(heads).converted(to: .float32), own(x.reshaped([4, 1, 6]))) < 1e-6)
  }
}
