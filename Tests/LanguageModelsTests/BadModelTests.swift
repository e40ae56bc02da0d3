import Checkpoints
import Diagnostics
import Foundation
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// Models that cannot be built: each is one clear error, before anything of its size is made.
@Suite(.engineAlone) struct BadModelTests {
  /// The message for a golden with another config.json, and with other tensors where they are given.
  private func message(
    _ name: String, _ change: JSONValue, tensors: (([String: WritableTensor]) -> [String: WritableTensor])? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> String {
    let scratch = try ScratchFolder()
    let weights = Golden.folder(name) + "/model.safetensors"
    try scratch.write("config.json", configuration(name, change).prettyText)
    if let tensors {
      let stored = try SafetensorsFile(weights).tensors.map { ($0.name, WritableTensor($0)) }
      try SafetensorsWriter.write(
        to: scratch("model.safetensors"),
        tensors: tensors(Dictionary(uniqueKeysWithValues: stored)).values.sorted { $0.name < $1.name })
    } else {
      try FileManager.default.createSymbolicLink(atPath: scratch("model.safetensors"), withDestinationPath: weights)
    }
    let error = try #require(throws: (any Error).self, sourceLocation: sourceLocation) {
      _ = try ModelRegistry.standard.outline(of: Checkpoint.open(scratch.path))
    }
    #expect(error is any Diagnostic || error is DiagnosticGroup, "\(error)", sourceLocation: sourceLocation)
    return "\(error)"
  }

  private func configuration(_ name: String, _ change: JSONValue) throws -> JSONValue {
    try JSONValue(parsing: readText(Golden.folder(name) + "/config.json"), source: name).merged(with: change)
  }

  private static let huge: JSONValue = .integer(1 << 60)
  private static let largest: JSONValue = .integer(.max)

  @Test(arguments: [
    (
      "llama_gqa_tied",
      [
        "hidden_size", "num_attention_heads", "num_hidden_layers", "intermediate_size", "vocab_size",
        "head_dim", "num_key_value_heads", "max_position_embeddings",
      ]
    ),
    ("mistral_window", ["sliding_window"]),
    ("gemma3_text", ["hidden_size", "head_dim", "num_hidden_layers", "sliding_window", "sliding_window_pattern"]),
    ("phi3_longrope", ["hidden_size", "intermediate_size", "original_max_position_embeddings"]),
    ("gpt2", ["n_embd", "n_head", "n_layer", "n_positions", "n_inner", "vocab_size"]),
    ("gpt_neox", ["hidden_size", "num_attention_heads", "num_hidden_layers", "intermediate_size", "vocab_size"]),
    ("bert", ["hidden_size", "num_hidden_layers", "max_position_embeddings", "vocab_size", "type_vocab_size"]),
    ("roberta", ["pad_token_id"]),
  ])
  func `a size beyond all models is an error, not an overflow, nor memory`(name: String, keys: [String]) throws {
    for key in keys {
      for size in [Self.huge, Self.largest] {
        let text = try message(name, .object([key: size]))
        #expect(text.contains("'\(key)' must be ") && text.contains("config.json"), "\(text)")
      }
    }
  }

  @Test(arguments: [
    ("llama_gqa_tied", "num_hidden_layers", 60_000, "60000 layers, the checkpoint 29 tensors"),
    ("llama_gqa_tied", "vocab_size", 1 << 28, "the checkpoint has 28672"),
    ("llama_gqa_tied", "head_dim", 1 << 28, "is wider than any model's"),
    ("gemma3_text", "hidden_size", 1 << 28, "the sizes of the configuration make at least"),
    ("gpt_neox", "hidden_size", 1 << 17, "the sizes of the configuration make at least"),
    ("gpt2", "n_embd", 1 << 17, "the sizes of the configuration make at least"),
    ("bert", "hidden_size", 1 << 17, "the sizes of the configuration make at least"),
  ])
  func `sizes that are far from the checkpoint's are one error`(
    name: String, key: String, size: Int, words: String
  ) throws {
    let text = try message(name, .object([key: .integer(size)]))
    #expect(text.contains(words) && !text.contains("things are wrong"), "\(text)")
  }

  @Test(arguments: [
    ("llama_gqa_tied", #"{"model_type": "llamma"}"#, ["'llamma'", "did you mean 'llama'?", "gpt2"]),
    (
      "llama_gqa_tied", #"{"model_type": "mixtral"}"#,
      ["'mixtral', a mixture of experts", "use a model of one of: bert,"]
    ),
    ("llama_gqa_tied", #"{"model_type": "qwen2_moe"}"#, ["'qwen2_moe', a mixture of experts"]),
    ("llama_gqa_tied", #"{"model_type": "t5"}"#, ["'t5', an encoder with a decoder"]),
    ("llama_gqa_tied", #"{"model_type": "mllama"}"#, ["'mllama', a model that sees or hears"]),
    ("llama_gqa_tied", #"{"model_type": "mamba"}"#, ["'mamba', a recurrent or state-space model"]),
    ("llama_gqa_tied", #"{"model_type": "falcon"}"#, ["'falcon'", "use one of: bert, "]),
    ("llama_gqa_tied", #"{"model_type": 3}"#, ["'model_type' must be a string", "config.json"]),
    ("llama_gqa_tied", #"{"model_type": null}"#, ["'model_type' is missing"]),
    ("llama_gqa_tied", #"{"hidden_size": "32"}"#, ["'hidden_size' must be a whole number, got a string"]),
    ("llama_gqa_tied", #"{"num_hidden_layers": -2}"#, ["'num_hidden_layers'", "above zero, got -2"]),
    ("llama_gqa_tied", #"{"num_key_value_heads": 3}"#, ["num_attention_heads (4) must be a multiple", "(3)"]),
    (
      "llama_gqa_tied", #"{"num_attention_heads": 64, "num_key_value_heads": 64, "head_dim": null}"#,
      ["64 heads do not fit into a width of 32"]
    ),
    ("llama_gqa_tied", #"{"rope_theta": 0}"#, ["'rope_theta' must be a number above zero"]),
    ("llama_gqa_tied", #"{"rms_norm_eps": -1.0}"#, ["'rms_norm_eps' must be a number above zero"]),
    (
      "llama_gqa_tied", #"{"rope_scaling": {"rope_type": "dynamic", "factor": 2.0}}"#,
      ["'dynamic'", "supported: ", "yarn"]
    ),
    ("llama_gqa_tied", #"{"rope_scaling": {"factor": 2.0}}"#, ["'rope_scaling' is ''", "supported: "]),
    ("llama_gqa_tied", #"{"rope_scaling": {"type": "linear", "factor": 0}}"#, ["at least 1, got 0.0"]),
    (
      "llama_gqa_tied", #"{"rope_parameters": {"full_attention": {"rope_theta": 5.0}}}"#,
      ["'rope_parameters' is an object for each kind of layer", "rope_scaling"]
    ),
    ("llama_gqa_tied", #"{"hidden_act": "sillu"}"#, ["'hidden_act' is 'sillu'", "silu, "]),
    (
      "phi3_longrope", #"{"rope_scaling": {"type": "longrope", "long_factor": [1, 2], "short_factor": [1, 1, 1, 1]}}"#,
      ["'long_factor' must be 4 numbers above zero, got 2 of them"]
    ),
    (
      "phi3_longrope",
      #"{"rope_scaling": {"type": "longrope", "long_factor": [1, "a", -1, 1], "short_factor": [1, 1, 1, 1]}}"#,
      ["'long_factor' must be 4 numbers above zero, got 2 such among 4 items"]
    ),
    ("gemma3_text", #"{"layer_types": ["full_attention"]}"#, ["layer_types has 1 items for 3 layers"]),
    (
      "gemma3_text", #"{"layer_types": ["full_attention", "chunked_attention", "full_attention"]}"#,
      [#"'layer_types' is "chunked_attention""#, "sliding_attention"]
    ),
    ("mistral_window", #"{"sliding_window": 0}"#, ["'sliding_window'", "above zero, got 0"]),
    ("gpt_neox", #"{"rotary_pct": 1e300}"#, ["'rotary_pct' 1e+300 of a head of 16"]),
    ("bert", #"{"position_embedding_type": "relative_key"}"#, ["'relative_key'", "supported: absolute"]),
    ("roberta", #"{"pad_token_id": -5}"#, ["'pad_token_id' must be a token id, got -5"]),
    (
      "llama_gqa_tied", #"{"quantization_config": {"quant_method": "gptq", "bits": 4}}"#,
      ["quantised (gptq)", "'quantization_config'", "config.json", "GGUF"]
    ),
    ("llama_gqa_tied", #"{"quantization_config": {"load_in_8bit": true}}"#, ["quantised (bitsandbytes)"]),
  ])
  func `a wrong configuration is one error that says what is expected and what was found`(
    name: String, change: String, words: [String]
  ) throws {
    let text = try message(name, JSONValue(parsing: change, source: "change"))
    for word in words { #expect(text.contains(word), "\(text)") }
  }

  @Test(arguments: [
    ("self_attn.q_proj.qweight", "GPTQ or AWQ"), ("mlp.up_proj.weight.absmax", "bitsandbytes, 4 bits"),
    ("self_attn.q_proj.SCB", "bitsandbytes, 8 bits"), ("self_attn.q_proj.weight_scale_inv", "FP8"),
    ("self_attn.q_proj.weight_packed", "compressed-tensors"),
  ])
  func `packed weights are told by what lies beside them`(name: String, method: String) throws {
    let name = "model.layers.0." + name
    let text = try message("llama_gqa_tied", [:]) {
      $0.merging([name: WritableTensor(name: name, shape: [1], floats: [1])]) { $1 }
    }
    for word in ["quantised (\(method)", "'\(name)'", "original weights"] { #expect(text.contains(word), "\(text)") }
  }

  @Test func `missing, misshapen and foreign tensors are all told at once`() throws {
    let layer = "model.layers.0."
    let text = try message("llama_gqa_tied", [:]) { all in
      var all = all
      all["model.norm.weight"] = nil
      all["model.layers.1.mlp.down_proj.weight"] = nil
      all[layer + "self_attn.q_proj.weight"] = WritableTensor(
        name: layer + "self_attn.q_proj.weight", shape: [2, 3], floats: [Float](repeating: 0, count: 6))
      all["foo"] = WritableTensor(name: "foo", shape: [1], floats: [0])
      return all
    }
    for words in [
      "4 things are wrong", "'\(layer)self_attn.q_proj.weight' must be [32, 32], got [2, 3]",
      "'model.norm.weight' [32] is missing", "'model.layers.1.mlp.down_proj.weight' [32, 56] is missing",
      "belong to no part of the model: foo",
    ] { #expect(text.contains(words), "\(text)") }
  }

  @Test func `rope_parameters mean what rope_theta and rope_scaling mean`() throws {
    func logits(_ change: JSONValue) throws -> [Float] {
      let scratch = try ScratchFolder()
      try scratch.write("config.json", configuration("llama_gqa_tied", change).prettyText)
      try FileManager.default.createSymbolicLink(
        atPath: scratch("model.safetensors"),
        withDestinationPath: Golden.folder("llama_gqa_tied") + "/model.safetensors")
      let model = try ModelRegistry.standard.model(from: Checkpoint.open(scratch.path))
      return try withoutGradients {
        try model.logits(model.hidden(TokenBatch(prompts: [[1, 5, 9, 7]]), cache: nil, tap: .none)).values(
          as: Float.self)
      }
    }
    let old = try logits(["rope_theta": 500.0, "rope_scaling": ["rope_type": "linear", "factor": 4.0]])
    let new = try logits([
      "rope_theta": nil, "rope_parameters": ["rope_type": "linear", "factor": 4.0, "rope_theta": 500.0],
    ])
    #expect(old == new)
    #expect(try old != logits([:]))
    #expect(try logits([:]) == logits(["rope_parameters": ["rope_type": "default", "rope_theta": 10_000.0]]))
  }
}
