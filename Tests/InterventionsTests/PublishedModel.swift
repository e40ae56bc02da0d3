import Checkpoints
import Foundation
import JSON
import LanguageModels
import Testing
import _TestSupport

/// The sizes of a model that the papers use, for counting parameters: every tensor by name and shape, none with numbers.
struct PublishedModel: Sendable, CustomTestStringConvertible {
  let name: String
  private let configuration: JSONObject
  private let tensors: [(name: String, shape: [Int])]

  var testDescription: String { name }

  static let llama7B = llama("LLaMA-7B", layers: 32, hidden: 4096, heads: 32, intermediate: 11_008)
  static let llama13B = llama("LLaMA-13B", layers: 40, hidden: 5120, heads: 40, intermediate: 13_824)
  static let llama3_8B = llama(
    "Llama-3-8B", layers: 32, hidden: 4096, heads: 32, kvHeads: 8, intermediate: 14_336, vocabulary: 128_256)
  static let robertaBase = roberta("RoBERTa-base", layers: 12, hidden: 768, heads: 12, intermediate: 3072)
  static let robertaLarge = roberta("RoBERTa-large", layers: 24, hidden: 1024, heads: 16, intermediate: 4096)

  /// Llama 1 and 2 have the same sizes.
  private static func llama(
    _ name: String, layers: Int, hidden: Int, heads: Int, kvHeads: Int? = nil, intermediate: Int,
    vocabulary: Int = 32_000
  ) -> PublishedModel {
    let kv = hidden / heads * (kvHeads ?? heads)
    var tensors: [(name: String, shape: [Int])] = [
      ("model.embed_tokens.weight", [vocabulary, hidden]), ("model.norm.weight", [hidden]),
      ("lm_head.weight", [vocabulary, hidden]),
    ]
    for layer in 0..<layers {
      tensors += [
        ("self_attn.q_proj", [hidden, hidden]), ("self_attn.k_proj", [kv, hidden]),
        ("self_attn.v_proj", [kv, hidden]), ("self_attn.o_proj", [hidden, hidden]),
        ("mlp.gate_proj", [intermediate, hidden]), ("mlp.up_proj", [intermediate, hidden]),
        ("mlp.down_proj", [hidden, intermediate]), ("input_layernorm", [hidden]),
        ("post_attention_layernorm", [hidden]),
      ].map { ("model.layers.\(layer).\($0).weight", $1) }
    }
    return PublishedModel(
      name: name,
      configuration: [
        "model_type": "llama", "hidden_size": .integer(hidden), "intermediate_size": .integer(intermediate),
        "num_hidden_layers": .integer(layers), "num_attention_heads": .integer(heads),
        "num_key_value_heads": .integer(kvHeads ?? heads), "vocab_size": .integer(vocabulary),
        "max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "tie_word_embeddings": false,
      ], tensors: tensors)
  }

  private static func roberta(
    _ name: String, layers: Int, hidden: Int, heads: Int, intermediate: Int
  ) -> PublishedModel {
    func norm(_ name: String) -> [(name: String, shape: [Int])] {
      [("\(name).weight", [hidden]), ("\(name).bias", [hidden])]
    }
    func linear(_ name: String, _ outputs: Int, _ inputs: Int) -> [(name: String, shape: [Int])] {
      [("\(name).weight", [outputs, inputs]), ("\(name).bias", [outputs])]
    }
    var tensors: [(name: String, shape: [Int])] = [
      ("embeddings.word_embeddings.weight", [50_265, hidden]),
      ("embeddings.position_embeddings.weight", [514, hidden]),
      ("embeddings.token_type_embeddings.weight", [1, hidden]),
    ]
    tensors += norm("embeddings.LayerNorm")
    for layer in 0..<layers {
      let block = "encoder.layer.\(layer)."
      for part in ["query", "key", "value"] { tensors += linear(block + "attention.self.\(part)", hidden, hidden) }
      tensors += linear(block + "attention.output.dense", hidden, hidden) + norm(block + "attention.output.LayerNorm")
      tensors += linear(block + "intermediate.dense", intermediate, hidden)
      tensors += linear(block + "output.dense", hidden, intermediate) + norm(block + "output.LayerNorm")
    }
    return PublishedModel(
      name: name,
      configuration: [
        "model_type": "roberta", "hidden_size": .integer(hidden), "intermediate_size": .integer(intermediate),
        "num_hidden_layers": .integer(layers), "num_attention_heads": .integer(heads), "vocab_size": 50_265,
        "max_position_embeddings": 514, "type_vocab_size": 1, "pad_token_id": 1, "layer_norm_eps": 1e-5,
        "hidden_act": "gelu",
      ], tensors: tensors)
  }

  private init(name: String, configuration: JSONObject, tensors: [(name: String, shape: [Int])]) {
    self.name = name
    self.configuration = configuration
    self.tensors = tensors
  }

  /// The outline of the model, from a file that is a hole behind its header.
  func outline(in scratch: ScratchFolder) throws -> any LanguageModel {
    var header = JSONObject()
    var end = 0
    for tensor in tensors {
      let bytes = 2 * tensor.shape.reduce(1, *)
      header[tensor.name] = [
        "dtype": "BF16", "shape": .array(tensor.shape.map { .integer($0) }),
        "data_offsets": [.integer(end), .integer(end + bytes)],
      ]
      end += bytes
    }
    var text = Array(JSONValue.object(header).text.utf8)
    text += [UInt8](repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
    try FileManager.default.createDirectory(atPath: scratch(name), withIntermediateDirectories: true)
    try scratch.write("\(name)/config.json", JSONValue.object(configuration).text)
    try scratch.change("\(name)/model.safetensors") { bytes in
      bytes = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
    }
    let file = try FileHandle(forWritingTo: URL(filePath: scratch("\(name)/model.safetensors")))
    try file.truncate(atOffset: UInt64(8 + text.count + end))
    try file.close()
    return try ModelRegistry.standard.outline(of: Checkpoint.open(scratch(name)))
  }
}
