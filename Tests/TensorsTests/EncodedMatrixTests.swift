import Tensors
import Testing
import _TestSupport

/// Matrices that are decoded where they are used.
@Suite(.engineAlone) struct EncodedMatrixTests {
  /// Bytes of some blocks, every one possible but scales that are no numbers, and what keeps them.
  private final class Memory {
    let start: UnsafeMutableRawPointer
    init(_ bytes: [UInt8]) {
      start = .allocate(byteCount: bytes.count, alignment: 1)
      start.copyMemory(from: bytes, byteCount: bytes.count)
    }
    deinit { start.deallocate() }
  }

  private func matrix(
    _ encoding: EncodedMatrix.Encoding, _ outputs: Int, _ inputs: Int, seed: UInt64
  ) throws -> EncodedMatrix {
    let count = outputs * inputs / encoding.blockElements * encoding.blockBytes
    let random = try RandomSource(seed: seed)
    var bytes = try random.uniform([count], in: 0..<256).values(as: Float.self).map { UInt8(min(255, $0)) }
    // Halves at these places lie between -4 and 4, down to subnormal ones: exponents of at most 16.
    let halves: [Int] =
      switch encoding {
      case .bfloat16, .float16: [0]
      case .q4_0, .q8_0: [0]
      case .q4_1: [0, 2]
      }
    for block in stride(from: 0, to: count, by: encoding.blockBytes) {
      for half in halves { bytes[block + half + 1] = bytes[block + half + 1] & 0x80 | bytes[block + half + 1] % 0x41 }
    }
    let memory = Memory(bytes)
    return EncodedMatrix(memory.start, outputs: outputs, inputs: inputs, encoding: encoding, owner: memory)
  }

  private func values(_ tensor: Tensor) throws -> [Float] { try tensor.values(as: Float.self) }

  /// Products of few rows are decoded piece by piece, those of many at once.
  @Test(arguments: EncodedMatrix.Encoding.allCases)
  func `a product is, bit for bit, that of the decoded matrix`(encoding: EncodedMatrix.Encoding) throws {
    let random = try RandomSource(seed: 1)
    for (outputs, inputs) in [(1, 32), (13, 64), (50, 576), (1023, 96)] {
      let matrix = try matrix(encoding, outputs, inputs, seed: UInt64(outputs))
      let floats = try matrix.decoded()
      let bias = try random.normal([outputs])
      for rows in [1, 2, 3, 5, 16, 20, 32] {
        let x = try random.normal([rows, inputs])
        let (ours, plain) = try withoutGradients {
          (try x.linears([(.encoded(matrix), bias)])[0], try x.linears([(.plain(floats), bias)])[0])
        }
        #expect(try values(ours) == values(plain), "\(rows) rows, \(inputs) to \(outputs)")
      }
      for rows in [33, 128, 129] {
        let x = try random.normal([rows, inputs])
        let scale = try x.abs().linear(floats.abs(), bias: bias.abs())
        let apart = try (x.linears([(.encoded(matrix), bias)])[0] - x.linear(floats, bias: bias)).abs() / scale
        #expect(try apart.max().item() < 1.2e-6, "\(rows) rows")
      }
    }
    // The negative control: another matrix gives other products.
    let x = try random.normal([3, 64])
    let (a, b) = (try matrix(encoding, 13, 64, seed: 1), try matrix(encoding, 13, 64, seed: 2))
    #expect(try values(x.linears([(.encoded(a), nil)])[0]) != values(x.linears([(.encoded(b), nil)])[0]))
  }

  @Test(arguments: EncodedMatrix.Encoding.allCases)
  func `rows and parts are those of the decoded matrix`(encoding: EncodedMatrix.Encoding) throws {
    let matrix = try matrix(encoding, 40, 96, seed: 5)
    let whole = try values(matrix.decoded())
    func row(_ i: Int) -> [Float] { Array(whole[i * 96..<(i + 1) * 96]) }
    #expect(try values(matrix.rows([7, 0, 39, 7])) == row(7) + row(0) + row(39) + row(7))
    #expect(try values(matrix.narrowed(3..<9).decoded()) == (3..<9).flatMap(row))
    #expect(throws: TensorError.self) { try matrix.rows([40]) }
    #expect(throws: TensorError.self) { try matrix.rows([-1]) }
  }

  @Test func `the decoded matrix is one tensor while somebody holds it`() throws {
    let matrix = try matrix(.q8_0, 4, 32, seed: 6)
    let held = try matrix.decoded()
    #expect(try matrix.decoded() === held)
  }

  @Test func `gradients flow through a product to its input`() throws {
    let random = try RandomSource(seed: 2)
    let matrix = try matrix(.q4_1, 13, 64, seed: 3)
    func gradient(_ weight: WeightMatrix) throws -> [Float] {
      let x = try RandomSource(seed: 4).normal([5, 64])
      try x.setRequiresGradient(true)
      try (x.linears([(weight, nil)])[0] * random.normal([1, 13])).sum().backward()
      return try values(#require(try x.gradient()))
    }
    let state = try random.state()
    let encoded = try gradient(.encoded(matrix))
    try random.restore(state: state)
    #expect(try encoded == gradient(.plain(matrix.decoded())))
    #expect(encoded.contains { $0 != 0 })
  }

  /// A block's numbers are multiples of its scale, which half precision rounds by at most 2^-11.
  @Test func `eight bits are the nearest multiples of each block's scale`() throws {
    let random = try RandomSource(seed: 7)
    let weight = try random.normal([21, 160])
    let rounded = try EncodedMatrix(rounding: weight)
    let (exact, got) = (try values(weight), try values(rounded.decoded()))
    for block in stride(from: 0, to: exact.count, by: 32) {
      let largest = exact[block..<block + 32].map(abs).max() ?? 0
      for i in block..<block + 32 {
        #expect(abs(exact[i] - got[i]) <= largest / 127 * (0.5 * 1.001 + 127 * 0x1p-11), "entry \(i)")
      }
    }
    #expect(got != exact)
    // What is rounded already stays as it is, and nothing but zeros gives zeros.
    #expect(try values(EncodedMatrix(rounding: rounded.decoded()).decoded()) == got)
    #expect(try values(EncodedMatrix(rounding: Tensor.zeros([2, 32])).decoded()).allSatisfy { $0 == 0 })
    let large = try Tensor.full([1, 32], value: 1e8)
    #expect(throws: TensorError.self) { try EncodedMatrix(rounding: large) }
  }
}
