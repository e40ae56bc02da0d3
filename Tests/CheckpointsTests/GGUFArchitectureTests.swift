import JSON
import Testing

@testable import Checkpoints

/// Models and configurations by scripts/goldens/gguf_architectures.py, which asks transformers and the gguf package.
@Suite struct GGUFArchitectureTests {
  static let cases = [
    "llama", "llama31", "llama_linear", "mistral", "smollm3", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "phi3",
    "phi3_long", "gpt2", "gptneox", "bert",
  ]

  /// Keys that transformers does not write for every architecture that understands them.
  private static let ourOwn: Set<String> = ["torch_dtype", "hidden_act", "head_dim", "n_ctx"]

  /// Keys without which a model computes something else; where transformers has a value, there must be one.
  private static let decisive = [
    "model_type", "architectures", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
    "num_key_value_heads", "vocab_size", "max_position_embeddings", "tie_word_embeddings", "rope_theta", "rope_scaling",
    "sliding_window", "rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "hidden_activation",
    "attn_logit_softcapping", "final_logit_softcapping", "query_pre_attn_scalar", "rope_local_base_freq", "rotary_pct",
    "rotary_emb_base", "use_parallel_residual", "activation_function", "n_embd", "n_layer", "n_head", "n_positions",
    "no_rope_layers", "original_max_position_embeddings", "type_vocab_size", "bos_token_id", "eos_token_id",
  ]

  private func golden(_ name: String) throws -> (checkpoint: Checkpoint, expected: JSONReader) {
    let path = fixtures + "/architectures/" + name
    return (try Checkpoint.open(path + ".gguf"), try JSONReader(file: path + ".json"))
  }

  /// The tensor that the script writes: element i of the k-th tensor by name is 1000 k + i.
  private func values(_ k: Int, _ count: Int) -> [Float] { (0..<count).map { Float(1000 * k + $0) } }

  @Test(arguments: cases)
  func `every tensor has its Hugging Face name, shape and values`(name: String) throws {
    let (checkpoint, golden) = try golden(name)
    let expected = try golden.reader("tensors").object
    #expect(checkpoint.tensors.names.sorted() == expected.keys.sorted())
    for (k, name) in expected.keys.enumerated() {
      let tensor = try checkpoint.tensors.tensor(name)
      #expect(tensor.shape == expected[name]?.array?.compactMap(\.int), "\(name)")
      #expect(try tensor.floats() == values(k, tensor.elementCount), "\(name)")
      #expect(try tensor.floats(threads: 5) == values(k, tensor.elementCount), "\(name)")
    }
  }

  @Test(arguments: [
    ("llama", 8), ("smollm3", 4), ("qwen2", 0), ("gemma", 5), ("gemma2", 9), ("gemma3", 43), ("phi3", 0), ("gpt2", 8),
    ("gptneox", 4), ("bert", 0),
  ])
  func `tensors that a converter changed lie otherwise in the file`(name: String, changed: Int) throws {
    let (checkpoint, golden) = try golden(name)
    let names = try golden.reader("tensors").object.keys
    var count = 0
    for (k, name) in names.enumerated() {
      let tensor = try checkpoint.tensors.tensor(name)
      guard tensor.form != .plain else { continue }
      count += 1
      #expect(tensor.mappedBytes == nil)
      let asStored = StoredTensor(
        name: name, shape: tensor.shape, storage: tensor.storage, file: tensor.file, bytes: tensor.bytes)
      #expect(try asStored.floats() != values(k, tensor.elementCount), "\(name)")
    }
    #expect(count == changed)
  }

  @Test(arguments: cases)
  func `metadata becomes the configuration that transformers writes`(name: String) throws {
    let (checkpoint, golden) = try golden(name)
    let ours = checkpoint.configuration.object
    let theirs = try golden.reader("config").object
    for (key, value) in ours {
      guard let expected = theirs[key] else {
        #expect(Self.ourOwn.contains(key), "\(key) is no key of transformers' configuration")
        continue
      }
      // Null stands for a rule: the head's size is the width by the heads, GPT-2's inner width four times the outer.
      if key == "torch_dtype" || expected.isNull && ["head_dim", "n_inner"].contains(key) { continue }
      #expect(same(value, expected), "\(key): \(value.text), expected \(expected.text)")
    }
    // GPT-NeoX has the base of its angles under another name too; an encoder has no second matrix to tie.
    let exceptions = ["gptneox": "rope_theta", "bert": "tie_word_embeddings"]
    for key in Self.decisive where theirs[key].map({ !$0.isNull }) ?? false && exceptions[name] != key {
      #expect(ours[key] != nil, "\(key) is missing")
    }
  }

  /// Equality in which 8 and 8.0 are the same number.
  private func same(_ a: JSONValue, _ b: JSONValue) -> Bool {
    if let a = a.double, let b = b.double { return a == b }
    if let a = a.array, let b = b.array { return a.count == b.count && zip(a, b).allSatisfy { same($0, $1) } }
    if let a = a.object, let b = b.object {
      return Set(a.keys) == Set(b.keys) && a.keys.allSatisfy { key in same(a[key] ?? .null, b[key] ?? .null) }
    }
    return a == b
  }

  @Test func `windows and full layers alternate as each Gemma has them`() throws {
    let (second, _) = try golden("gemma2")
    #expect(second.configuration.object["layer_types"] == ["sliding_attention", "full_attention"])
    let (third, _) = try golden("gemma3")
    let types = try third.configuration.array("layer_types").compactMap(\.string)
    #expect(types.enumerated().filter { $0.element == "full_attention" }.map(\.offset) == [5])
    #expect(types.count == 7)
  }

  @Test func `the factors of Llama 3 become its four numbers, other factors stay factors`() throws {
    let theta = 500_000.0
    let known = Llama3RopeFactors.factors(factor: 8, theta: theta, rotaryDimension: 128).map { Float($0) }
    #expect(known.first == 1 && known.last == 8)
    #expect(
      Llama3RopeFactors.scaling(known, theta: theta, rotaryDimension: 128) == [
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
      ])
    var other = known
    other[30] *= 1.01
    let scaling = Llama3RopeFactors.scaling(other, theta: theta, rotaryDimension: 128)
    #expect(scaling?["rope_type"] == "factors")
    #expect(scaling?["factors"]?.array?.compactMap(\.double).map { Float($0) } == other)
    // The same factors do not belong to another base.
    #expect(Llama3RopeFactors.scaling(known, theta: 10000, rotaryDimension: 128)?["rope_type"] == "factors")
    #expect(Llama3RopeFactors.scaling([1, 1], theta: theta, rotaryDimension: 4) == nil)
  }

  @Test func `a separate output matrix is a weight of its own`() throws {
    for (name, output) in [("llama", "lm_head.weight"), ("gptneox", "embed_out.weight")] {
      let (checkpoint, _) = try golden(name)
      #expect(checkpoint.tensors[output] != nil)
      #expect(try checkpoint.configuration.bool("tie_word_embeddings") == false)
    }
    let (tied, _) = try golden("qwen3")
    #expect(tied.tensors["lm_head.weight"] == nil)
    #expect(try tied.configuration.bool("tie_word_embeddings"))
  }

  @Test func `no architecture gives two tensors one name`() {
    for architecture in GGUFArchitecture.all {
      let names = Array(architecture.outer.values) + architecture.inner.values.map { "\(architecture.layers).0.\($0)" }
      #expect(Set(names).count == names.count, "\(architecture.name)")
    }
    #expect(Set(GGUFArchitecture.all.map(\.name)).count == GGUFArchitecture.all.count)
  }
}
