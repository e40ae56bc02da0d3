import Tensors
import Testing
import _TestSupport

@Suite(.engineAlone) struct TensorTests {
  @Test func `values come back as they went in`() throws {
    let t = try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
    #expect(t.shape == [2, 3] && t.dtype == .float32 && t.device == .cpu)
    #expect(try t.values(as: Float.self) == [1, 2, 3, 4, 5, 6])
    #expect(try t.transposed().values(as: Float.self) == [1, 4, 2, 5, 3, 6])
    #expect(try Tensor([Float](), shape: [0, 3]).values(as: Float.self) == [])
  }

  @Test func `a wrong shape is an error that names the operation and its operands`() throws {
    let a = try Tensor.zeros([2, 3])
    let b = try Tensor.zeros([4, 5])
    let error = #expect(throws: TensorError.self) { try a.matmul(b) }
    guard case .operation("matmul", ["float32[2, 3]", "float32[4, 5]"], let message) = error else {
      Issue.record("got \(String(describing: error))")
      return
    }
    #expect(!message.contains("Exception raised from"))
    #expect(throws: TensorError.shape(what: "a tensor of 3 values", expected: "3 elements", got: [2, 2])) {
      try Tensor([1, 2, 3] as [Float], shape: [2, 2])
    }
  }

  @Test func `nothing leaks, also when operations fail`() throws {
    let before = Engine.liveTensors
    for _ in 0..<100 {
      let a = try Tensor.zeros([2, 3])
      _ = try? a.matmul(a)
      _ = try (a + 1) * a
    }
    #expect(Engine.liveTensors == before)
  }

  @Test func `gradients flow to trainable leaves and nowhere without a graph`() throws {
    let x = try Tensor([3] as [Float])
    try x.setRequiresGradient(true)
    try (x * x + x).sum().backward()
    #expect(try x.gradient()?.values(as: Float.self) == [7])
    try x.clearGradient()
    #expect(try x.gradient() == nil)
    let y = try withoutGradients { () throws(TensorError) in try x * x }
    #expect(!y.requiresGradient)
    #expect(try (x * x).requiresGradient)
  }

  @Test func `a seed gives the same stream, and a saved state goes on with it`() throws {
    let a = try RandomSource(seed: 42)
    let first = try a.normal([3]).values(as: Float.self)
    // torch.manual_seed(42); torch.randn(3)
    for (got, expected) in zip(first, [0.33669036626815796, 0.12880940735340118, 0.23446236550807953] as [Float]) {
      #expect(got == expected)
    }
    let state = try a.state()
    let next = try a.uniform([5], in: 0..<1).values(as: Float.self)
    let b = try RandomSource(seed: 1)
    try b.restore(state: state)
    #expect(try b.uniform([5], in: 0..<1).values(as: Float.self) == next)
  }

  @Test func `mapped memory is used in place and freed with the last tensor`() throws {
    final class Owner { let bytes = UnsafeMutablePointer<Float>.allocate(capacity: 2) }
    weak var gone: Owner?
    do {
      let owner = Owner()
      gone = owner
      owner.bytes[0] = 5
      owner.bytes[1] = 6
      let t = try Tensor.mapping(owner.bytes, shape: [2], dtype: .float32, owner: owner)
      owner.bytes[1] = 7
      #expect(try t.values(as: Float.self) == [5, 7])
    }
    #expect(gone == nil)
  }

  @Test func `a device that is not there is a clear error`() throws {
    #expect(throws: TensorError.device(requested: "tpu", reason: "expected cpu, cuda, cuda:N or auto")) {
      try Device.resolve("tpu")
    }
    #expect(throws: TensorError.self) { try Device.cpu.memory() }  // the system's, not a device's
    guard case .absent = Engine.cuda else { return }
    #expect(throws: TensorError.self) { try Device.resolve("cuda:1") }
    #expect(try Device.resolve("auto") == .cpu)
  }
}
