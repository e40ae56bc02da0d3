import JSON
import Testing

@testable import Checkpoints

/// Files that are right as GGUF and wrong as a model.
@Suite struct CheckpointGGUFBadInputTests {
  private let scratch: Scratch
  private var file: String { scratch.file("x.gguf") }

  init() throws { scratch = try Scratch() }

  /// The smallest llama that opens: one layer's q projection and an embedding.
  private func model(
    without missing: String = "", _ change: (inout GGUFBytes) -> Void = { _ in }, q: [UInt64] = [8, 8]
  ) throws -> Checkpoint {
    var model = GGUFBytes()
    if missing != "general.architecture" { model.pair("general.architecture", 8, GGUFBytes.string("llama")) }
    let sizes: [(String, UInt32)] = [
      ("block_count", 1), ("context_length", 16), ("embedding_length", 8), ("feed_forward_length", 8),
      ("attention.head_count", 2),
    ]
    for (key, size) in sizes where "llama.\(key)" != missing { model.pair("llama.\(key)", 4, bytes(size)) }
    let epsilon = "llama.attention.layer_norm_rms_epsilon"
    if missing != epsilon { model.pair(epsilon, 6, bytes(Float(1e-5).bitPattern)) }
    model.tensor("token_embd.weight", [8, 4])
    model.tensor("blk.0.attn_q.weight", q, offset: 128)
    model.data = [UInt8](repeating: 0, count: 4096)
    change(&model)
    return try Checkpoint.open(scratch.write("x.gguf", model.file))
  }

  private func failure(_ open: () throws -> Checkpoint) -> CheckpointError? {
    #expect(throws: CheckpointError.self) { try open() }
  }

  @Test func `the smallest model opens, with llama cpp's defaults`() throws {
    let configuration = try model().configuration
    #expect(try configuration.int("num_key_value_heads") == 2)
    #expect(try configuration.int("head_dim") == 4)
    #expect(try configuration.double("rope_theta") == 10000)
    #expect(configuration.source == "\(file), metadata")
  }

  @Test(arguments: [
    "general.architecture", "llama.block_count", "llama.context_length", "llama.embedding_length",
    "llama.feed_forward_length", "llama.attention.head_count", "llama.attention.layer_norm_rms_epsilon",
  ])
  func `a missing hyperparameter is named`(key: String) throws {
    #expect(
      failure { try model(without: key) }
        == .malformed(file: file, place: "metadata", problem: "the key '\(key)' is missing"))
  }

  @Test func `an unknown architecture, a split model and a foreign tensor are refused by name`() throws {
    let architecture = failure {
      try model(without: "general.architecture") {
        $0.pair("general.architecture", 8, GGUFBytes.string("lama"))
      }
    }
    #expect(architecture?.problem == "the architecture 'lama' cannot be read")
    let names = "llama, smollm3, qwen2, qwen3, gemma, gemma2, gemma3, phi3, gpt2, gptneox, bert"
    #expect(architecture?.remedy == "did you mean 'llama'? The valid names are: \(names)")
    let split = failure { try model { $0.pair("split.count", 2, bytes(UInt16(3))) } }
    #expect(split?.problem == "a model split over 3 GGUF files cannot be read")
    for name in ["blk.0.ffn_gate_exps.weight", "blk.00.attn_v.weight", "blk.-1.attn_v.weight", "blk.0.attn_v", "x"] {
      let tensor = failure { try model { $0.tensor(name, [8], offset: 512) } }
      #expect(tensor?.problem == "the tensor '\(name)', which is no part of a llama model, cannot be read")
    }
  }

  @Test func `sizes that cannot be are errors, not crashes`() throws {
    let place = "metadata 'llama.attention.head_count'"
    for heads: UInt32 in [0, .max] {
      #expect(
        failure {
          try model(without: "llama.attention.head_count") { $0.pair("llama.attention.head_count", 4, bytes(heads)) }
        } == .malformed(file: file, place: place, problem: "\(heads) is no possible size"))
    }
    #expect(
      failure { try model(q: [8, 6]) }
        == .malformed(
          file: file, place: "tensor 'blk.0.attn_q.weight'",
          problem: "6 rows cannot be shared by 2 heads of two halves each"))
    #expect(
      failure { try model { $0.tensors.removeFirst() } }
        == .missingTensor(name: "token_embd.weight", source: file, nearest: nil))
  }

  @Test func `scaling of the rotary frequencies is carried over and never dropped`() throws {
    let linear = try model {
      $0.pair("llama.rope.scaling.type", 8, GGUFBytes.string("linear"))
      $0.pair("llama.rope.scaling.factor", 6, bytes(Float(4).bitPattern))
    }
    #expect(linear.configuration.object["rope_scaling"] == ["rope_type": "linear", "factor": 4.0])
    let old = try model { $0.pair("llama.rope.scale_linear", 6, bytes(Float(2).bitPattern)) }
    #expect(old.configuration.object["rope_scaling"] == ["rope_type": "linear", "factor": 2.0])
    let factors = try model { file in
      file.tensor("rope_freqs.weight", [2], offset: 512)
      file.data.replaceSubrange(512..<520, with: bytes(Float(1.5).bitPattern) + bytes(Float(7).bitPattern))
    }
    #expect(factors.configuration.object["rope_scaling"] == ["rope_type": "factors", "factors": [1.5, 7.0]])
    #expect(factors.tensors["rope_freqs.weight"] == nil)
  }

  @Test func `scaling that cannot be told is an error, not a guess`() throws {
    let place = "metadata"
    let dynamic = failure { try model { $0.pair("llama.rope.scaling.type", 8, GGUFBytes.string("dynamic")) } }
    #expect(dynamic?.problem == "the rope scaling 'dynamic' (metadata 'llama.rope.scaling.type') cannot be read")
    #expect(dynamic?.remedy?.contains("none, linear, yarn, longrope") == true)
    let noFactor = failure { try model { $0.pair("llama.rope.scaling.type", 8, GGUFBytes.string("yarn")) } }
    #expect(
      noFactor
        == .malformed(
          file: file, place: place,
          problem: "the key 'llama.rope.scaling.factor' is missing, which the rope scaling 'yarn' needs"))
    let three = failure { try model { $0.tensor("rope_freqs.weight", [3], offset: 512) } }
    #expect(
      three
        == .malformed(
          file: file, place: "tensor 'rope_freqs.weight'",
          problem: "expected 2 factors, one for each rotary frequency, got 3"))
    let zero = failure { try model { $0.tensor("rope_freqs.weight", [2], offset: 512) } }
    #expect(
      zero
        == .malformed(file: file, place: "tensor 'rope_freqs.weight'", problem: "the factors must be positive numbers"))
  }

  @Test func `everything that is missing or foreign is said at once`() throws {
    var nothing = GGUFBytes()
    nothing.pair("general.architecture", 8, GGUFBytes.string("gemma2"))
    for layer in 0..<3 { nothing.tensor("blk.\(layer).ffn_gate_exps.weight", [8], offset: UInt64(32 * layer)) }
    nothing.tensor("mm.0.weight", [8], offset: 96)
    nothing.data = [UInt8](repeating: 0, count: 128)
    let path = try scratch.write("x.gguf", nothing.file)
    let error = #expect(throws: CheckpointError.self) { try Checkpoint.open(path) }
    let text = error?.description ?? ""
    let keys = ["block_count", "embedding_length", "attention.head_count", "feed_forward_length", "context_length"]
    for key in keys + ["attention.layer_norm_rms_epsilon"] {
      #expect(text.contains("the key 'gemma2.\(key)' is missing"), "\(text)")
    }
    #expect(text.contains("there is no tensor 'token_embd.weight'"))
    let list = "'blk.N.ffn_gate_exps.weight' (3 of them), 'mm.0.weight'"
    #expect(text.contains("the tensors \(list), which are no part of a gemma2 model, cannot be read"))
  }

  @Test func `more layers than tensors are refused before anything is made for them`() throws {
    let error = failure {
      try model(without: "llama.block_count") { $0.pair("llama.block_count", 4, bytes(UInt32(Int32.max))) }
    }
    #expect(
      error
        == .malformed(
          file: file, place: "metadata 'llama.block_count'",
          problem: "2147483647 layers are announced, the file has 2 tensors in all"))
  }

  @Test func `a tokenizer whose lists disagree is an error`() throws {
    func tokenizer(_ change: @escaping (inout GGUFBytes) -> Void) -> CheckpointError? {
      failure {
        try model { file in
          file.pair("tokenizer.ggml.model", 8, GGUFBytes.string("gpt2"))
          file.pair("tokenizer.ggml.tokens", 9, bytes(UInt32(8)) + bytes(UInt64(1)) + GGUFBytes.string("a"))
          change(&file)
        }
      }
    }
    #expect(
      tokenizer {
        $0.pair("tokenizer.ggml.token_type", 9, bytes(UInt32(4)) + bytes(UInt64(2)) + bytes(UInt64(1)))
      }
        == .malformed(
          file: file, place: "metadata 'tokenizer.ggml.token_type'",
          problem: "expected one value for each of the 1 tokens, got 2"))
    #expect(
      tokenizer { $0.pair("tokenizer.ggml.eos_token_id", 4, bytes(UInt32(1))) }
        == .malformed(
          file: file, place: "metadata 'tokenizer.ggml.eos_token_id'", problem: "1 is no id of the 1 tokens"))
    #expect(
      tokenizer {
        $0.pair("tokenizer.ggml.precompiled_charsmap", 9, bytes(UInt32(4)) + bytes(UInt64(1)) + bytes(UInt32(300)))
      }
        == .malformed(
          file: file, place: "metadata 'tokenizer.ggml.precompiled_charsmap'",
          problem: "expected an array of bytes, got an array"))
  }
}
