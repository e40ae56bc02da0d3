import JSON
import Testing

@testable import Checkpoints

@Suite struct CheckpointGGUFTests {
  private let checkpoint: Checkpoint

  init() throws { checkpoint = try Checkpoint.open(fixtures + "/llama.gguf") }

  @Test func `every tensor has its Hugging Face name, shape and values, rows of q and k back in order`() throws {
    let expected = try SafetensorsFile(fixtures + "/llama.safetensors").tensors
    #expect(Set(checkpoint.tensors.names) == Set(expected.map(\.name)))
    for expected in expected {
      let tensor = try checkpoint.tensors.tensor(expected.name)
      #expect(tensor.shape == expected.shape, "\(tensor.name)")
      #expect(try tensor.floats() == expected.floats(), "\(tensor.name)")
    }
  }

  @Test func `the rows of q, k and their biases really lie in another order in the file`() throws {
    let expected = TensorTable(try SafetensorsFile(fixtures + "/llama.safetensors").tensors, source: "")
    let names = ["0.self_attn.q_proj.weight", "1.self_attn.k_proj.weight", "1.self_attn.q_proj.bias"]
    for name in names.map({ "model.layers." + $0 }) {
      let tensor = try checkpoint.tensors.tensor(name)
      #expect(tensor.form != .plain)
      #expect(tensor.mappedBytes == nil)
      let asStored = StoredTensor(
        name: name, shape: tensor.shape, storage: tensor.storage, file: tensor.file, bytes: tensor.bytes)
      #expect(try asStored.floats() != expected.tensor(name).floats(), "\(name)")
    }
  }

  @Test func `metadata becomes the keys of config json`() throws {
    let configuration = checkpoint.configuration
    #expect(try configuration.string("model_type") == "llama")
    #expect(try configuration.int("hidden_size") == 64)
    #expect(try configuration.int("num_hidden_layers") == 2)
    #expect(try configuration.int("num_attention_heads") == 4)
    #expect(try configuration.int("num_key_value_heads") == 2)
    #expect(try configuration.int("head_dim") == 16)
    #expect(try configuration.int("intermediate_size") == 96)
    #expect(try configuration.double("rms_norm_eps") == 1e-5)
    #expect(try configuration.double("rope_theta") == 50000)
    #expect(try configuration.int("max_position_embeddings") == 128)
    #expect(try configuration.int("vocab_size") == 12)
    #expect(try configuration.bool("tie_word_embeddings"))
    #expect(try configuration.int("bos_token_id") == 0)
    #expect(try configuration.int("eos_token_id") == 1)
    #expect(configuration.object["pad_token_id"] == nil)
    #expect(configuration.object["rope_scaling"] == nil)
  }

  @Test func `the tokenizer and the chat template come as plain values`() throws {
    guard case .gguf(let tokenizer) = checkpoint.tokenizer else {
      Issue.record("expected the tokenizer of the file")
      return
    }
    #expect(tokenizer.model == "gpt2")
    #expect(tokenizer.pre == "smollm")
    #expect(tokenizer.tokens.count == 12)
    #expect(tokenizer.tokens.last == "ef")
    #expect(tokenizer.tokenTypes == [3, 3] + [Int](repeating: 1, count: 10))
    #expect(tokenizer.merges == ["a b", "c d", "ab cd", "e f"])
    #expect(tokenizer.bosID == 0)
    #expect(tokenizer.paddingID == nil)
    #expect(tokenizer.addsBOS == false)
    #expect(tokenizer.addsEOS == nil)
    #expect(checkpoint.chatTemplate == "{% for m in messages %}{{ m['content'] }}{% endfor %}")
  }

  @Test func `a plain tensor is mapped and not copied`() throws {
    let tensor = try checkpoint.tensors.tensor("model.norm.weight")
    let mapped = try #require(tensor.mappedBytes)
    let values = mapped.withBytes { Array($0.bindMemory(to: Float.self)) }
    #expect(values == (try tensor.floats()))
    #expect(try checkpoint.tensors.tensor("model.embed_tokens.weight").mappedBytes == nil)
  }

  @Test func `the fingerprint depends on the weights and on nothing else`() throws {
    #expect(checkpoint.fingerprint.count == 16)
    #expect(try Checkpoint.open(fixtures + "/llama.gguf").fingerprint == checkpoint.fingerprint)
    let scratch = try Scratch()
    var changed = try contents(fixtures + "/llama.gguf")
    changed[changed.count - 1] ^= 1
    let path = try scratch.write("changed.gguf", changed)
    #expect(try Checkpoint.open(path).fingerprint != checkpoint.fingerprint)
  }
}
