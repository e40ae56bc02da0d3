import Foundation
import JSON
import Testing

@testable import Checkpoints

/// Whole models in llama.cpp's Q4_K_M mix, by scripts/goldens/gguf_models.py; what they compute is compared elsewhere.
@Suite struct GGUFModelTests {
  static let names = ["gguf_qwen2_q4_k_m", "gguf_gemma3_q4_k_m"]

  private static let goldens = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Goldens").path

  private func golden(_ name: String) throws -> (checkpoint: Checkpoint, expected: JSONReader) {
    let folder = Self.goldens + "/" + name
    return (try Checkpoint.open(folder + "/model.gguf"), try JSONReader(file: folder + "/golden.json"))
  }

  /// The sum over i of (bits of element i) (2 i + 1) modulo 2^64, in hexadecimal digits.
  private func checksum(_ values: [Float]) -> String {
    var sum: UInt64 = 0
    values.withUnsafeBufferPointer { values in
      for i in values.indices { sum &+= UInt64(values[i].bitPattern) &* (2 &* UInt64(i) &+ 1) }
    }
    let digits = String(sum, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  @Test(arguments: names)
  func `every weight of a mix of types has the reference's name, type, shape and values`(name: String) throws {
    let (checkpoint, golden) = try golden(name)
    let weights = try golden.reader("weights")
    #expect(checkpoint.tensors.names.sorted() == weights.object.keys.sorted())
    var types: Set<StorageType> = []
    for tensor in checkpoint.tensors {
      let expected = try weights.reader(tensor.name)
      #expect(try tensor.storage.rawValue == expected.string("type"), "\(tensor.name)")
      #expect(try tensor.shape == expected.array("shape").compactMap(\.int), "\(tensor.name)")
      var values = try tensor.floats()
      #expect(try checksum(values) == expected.string("checksum"), "\(tensor.name)")
      values.swapAt(0, 1)
      #expect(try values[0] == values[1] || checksum(values) != expected.string("checksum"), "\(tensor.name)")
      types.insert(tensor.storage)
    }
    #expect(types.isSuperset(of: [.q4_K, .q6_K, .float32]))
    #expect(checkpoint.tensors["lm_head.weight"] != nil)
  }

  @Test(arguments: names)
  func `the configuration is the one that the model was made with`(name: String) throws {
    let (checkpoint, golden) = try golden(name)
    let ours = checkpoint.configuration.object
    let theirs = try golden.reader("config").object
    for key in theirs.keys {
      guard let value = ours[key], let expected = theirs[key], !expected.isNull else { continue }
      #expect(value.double == expected.double && (value.double != nil || value == expected), "\(key): \(value.text)")
    }
    let needed = [
      "model_type", "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
      "num_key_value_heads", "max_position_embeddings", "rms_norm_eps", "rope_theta", "tie_word_embeddings",
    ]
    let gemma = [
      "head_dim", "hidden_activation", "query_pre_attn_scalar", "sliding_window", "layer_types", "rope_scaling",
      "rope_local_base_freq",
    ]
    for key in needed + (name.contains("gemma") ? gemma : []) { #expect(ours[key] != nil, "\(key) is missing") }
  }

  @Test(arguments: names)
  func `the tokenizer comes with its texts, types and ids`(name: String) throws {
    let (checkpoint, golden) = try golden(name)
    guard case .gguf(let tokenizer) = checkpoint.tokenizer else {
      Issue.record("expected the tokenizer of the file")
      return
    }
    let vocabulary = try golden.reader("config").int("vocab_size")
    #expect(tokenizer.tokens.count == vocabulary)
    #expect(tokenizer.tokenTypes.count == vocabulary)
    #expect(tokenizer.model == (name.contains("gemma") ? "llama" : "gpt2"))
    #expect(tokenizer.scores.isEmpty != name.contains("gemma"))
    #expect(tokenizer.merges.isEmpty == name.contains("gemma"))
  }
}
