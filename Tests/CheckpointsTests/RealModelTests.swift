import Foundation
import JSON
import Testing

@testable import Checkpoints

/// Where SmolLM2-135M-Instruct.Q4_1.gguf lies, if it is there at all.
private let realModel = ProcessInfo.processInfo.environment["REFT_TEST_MODEL"]

@Suite(.enabled(if: realModel != nil, "set REFT_TEST_MODEL to the path of SmolLM2-135M-Instruct.Q4_1.gguf"))
struct RealModelTests {
  private let checkpoint: Checkpoint

  init() throws { checkpoint = try Checkpoint.open(try #require(realModel)) }

  @Test func `SmolLM2 opens with its sizes, its tokenizer and its template`() throws {
    #expect(checkpoint.tensors.count == 272)
    #expect(checkpoint.tensors.reduce(0) { $0 + $1.elementCount } == 134_515_008)
    #expect(try checkpoint.configuration.int("num_hidden_layers") == 30)
    #expect(try checkpoint.configuration.int("head_dim") == 64)
    #expect(try checkpoint.configuration.double("rms_norm_eps") == 1e-5)
    #expect(try checkpoint.configuration.int("vocab_size") == 49152)
    guard case .gguf(let tokenizer) = checkpoint.tokenizer else {
      Issue.record("expected the tokenizer of the file")
      return
    }
    #expect(tokenizer.tokens.count == 49152)
    #expect(tokenizer.pre == "smollm")
    #expect(checkpoint.chatTemplate?.hasPrefix("{% for message in messages %}") == true)
  }

  @Test func `every weight is decoded within a second in a release build`() throws {
    var seconds: [Double] = []
    for _ in 0..<3 {
      let start = ContinuousClock.now
      for tensor in checkpoint.tensors {
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: tensor.elementCount)
        defer { buffer.deallocate() }
        try tensor.readFloats(into: buffer)
      }
      seconds.append((ContinuousClock.now - start) / .seconds(1))
    }
    print("134.5 million weights to float32 in \(seconds) seconds")
    // A debug build has no such promise; a machine under load gets some patience.
    #if !DEBUG
      #expect(seconds.min() ?? .infinity < 1)
    #endif
  }

  @Test func `the whole model is written tensor by tensor as a folder with the same weights`() throws {
    let scratch = try Scratch()
    let path = scratch.file("model")
    let start = ContinuousClock.now
    try HuggingFaceFolder.write(
      to: path, configuration: checkpoint.configuration.object, tensors: checkpoint.tensors.map { WritableTensor($0) })
    print("538 MB of safetensors in \((ContinuousClock.now - start) / .seconds(1)) seconds")
    let copy = try Checkpoint.open(path)
    #expect(Set(copy.tensors.names) == Set(checkpoint.tensors.names))
    for tensor in checkpoint.tensors {
      let mapped = try #require(try copy.tensors.tensor(tensor.name).mappedBytes)
      let same = try tensor.floats().withUnsafeBytes { expected in
        guard let base = expected.baseAddress, expected.count == mapped.count else { return false }
        return memcmp(mapped.pointer, base, expected.count) == 0
      }
      #expect(same, "\(tensor.name)")
    }
  }
}
