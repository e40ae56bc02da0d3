import Diagnostics
import JSON

/// Reads what GGUF metadata says of a model; what is missing or wrong is noted and reported all at once by ``finish()``.
///
/// A value that cannot be had is replaced by a harmless one, so that reading goes on.
final class GGUFHyperparameters {
  let file: GGUFFile
  /// `general.architecture`, with which the keys begin.
  let prefix: String
  private var problems: [CheckpointError] = []

  private(set) var layers = 1
  private(set) var hidden = 1
  private(set) var heads = 1
  private(set) var keyValueHeads = 1
  /// The elements of a head.
  private(set) var headDimension = 1
  /// The elements of a head that are rotated.
  private(set) var rotaryDimension = 1
  private(set) var intermediate = 1
  private(set) var context = 1
  private(set) var vocabulary = 1

  init(_ file: GGUFFile, prefix: String) {
    self.file = file
    self.prefix = prefix
    layers = size("block_count")
    if layers > file.tensors.count {
      note(
        .malformed(
          file: file.path, place: "metadata '\(prefix).block_count'",
          problem: "\(layers) layers are announced, the file has \(file.tensors.count) tensors in all"))
      layers = 1
    }
    hidden = size("embedding_length")
    heads = size("attention.head_count")
    keyValueHeads = size("attention.head_count_kv", default: heads)
    headDimension = size("attention.key_length", default: max(1, hidden / heads))
    rotaryDimension = size("rope.dimension_count", default: headDimension)
    intermediate = size("feed_forward_length")
    context = size("context_length")
    if let embedding = shape(of: "token_embd.weight") {
      vocabulary = embedding[0]
    } else {
      let names = file.tensors.map(\.name)
      note(
        .missingTensor(
          name: "token_embd.weight", source: file.path,
          nearest: NearestName.closest(to: "token_embd.weight", in: names)))
    }
  }

  /// Remembers a problem, once.
  func note(_ problem: CheckpointError) {
    if !problems.contains(problem) { problems.append(problem) }
  }

  /// Throws everything that was noted.
  func finish() throws(CheckpointError) {
    if let error = CheckpointError(problems) { throw error }
  }

  /// The result of a throwing read; `nil` and a note where it throws.
  func noting<T>(_ read: () throws(CheckpointError) -> T?) -> T? {
    do {
      return try read()
    } catch {
      note(error)
      return nil
    }
  }

  private func missing(_ key: String) {
    note(.malformed(file: file.path, place: "metadata", problem: "the key '\(prefix).\(key)' is missing"))
  }

  /// A positive size; without a default the key must be there.
  func size(_ key: String, default value: Int? = nil) -> Int {
    guard let size = count(key) ?? value else {
      if file.metadata["\(prefix).\(key)"] == nil { missing(key) }
      return 1
    }
    guard size > 0 else {
      note(impossible(key, size))
      return 1
    }
    return size
  }

  /// A size that may be absent, or zero.
  func count(_ key: String) -> Int? {
    guard let size = noting({ () throws(CheckpointError) in try file.metadata.int("\(prefix).\(key)") }) else {
      return nil
    }
    guard (0...Int(Int32.max)).contains(size) else {
      note(impossible(key, size))
      return nil
    }
    return size
  }

  private func impossible(_ key: String, _ size: Int) -> CheckpointError {
    .malformed(file: file.path, place: "metadata '\(prefix).\(key)'", problem: "\(size) is no possible size")
  }

  /// A number that may be absent.
  func number(ifPresent key: String) -> Double? {
    noting { () throws(CheckpointError) in try file.metadata.double("\(prefix).\(key)") }
  }

  /// A number that must be there.
  func number(_ key: String) -> Double {
    if file.metadata["\(prefix).\(key)"] == nil { missing(key) }
    return number(ifPresent: key) ?? 0
  }

  /// A truth value that may be absent.
  func flag(ifPresent key: String) -> Bool? {
    noting { () throws(CheckpointError) in try file.metadata.bool("\(prefix).\(key)") }
  }

  /// A text that may be absent.
  func text(ifPresent key: String) -> String? {
    noting { () throws(CheckpointError) in try file.metadata.string("\(prefix).\(key)") }
  }

  /// Whether the file has a tensor, by its GGUF name.
  func has(_ tensor: String) -> Bool { shape(of: tensor) != nil }

  /// The shape of a tensor by its GGUF name, `nil` where the file has none.
  func shape(of tensor: String) -> [Int]? { file.tensors.first { $0.name == tensor }?.shape }
}

extension GGUFHyperparameters {
  /// The keys of config.json that decoders with rotary embedding and RMS norms share, as transformers names them.
  func decoder(_ modelType: String, _ className: String) -> JSONObject {
    var object: JSONObject = [
      "architectures": [.string(className)],
      "model_type": .string(modelType),
      "hidden_size": .integer(hidden),
      "intermediate_size": .integer(intermediate),
      "num_hidden_layers": .integer(layers),
      "num_attention_heads": .integer(heads),
      "num_key_value_heads": .integer(keyValueHeads),
      "head_dim": .integer(headDimension),
      "hidden_act": "silu",
      "rms_norm_eps": .number(number("attention.layer_norm_rms_epsilon")),
      // 10000 is the value of the rotary paper and what llama.cpp takes where the key is absent.
      "rope_theta": .number(number(ifPresent: "rope.freq_base") ?? 10000),
      "max_position_embeddings": .integer(context),
      "vocab_size": .integer(vocabulary),
      "tie_word_embeddings": .bool(!has("output.weight")),
    ]
    if rotaryDimension != headDimension {
      object["partial_rotary_factor"] = .number(Double(rotaryDimension) / Double(headDimension))
    }
    if let scaling = ropeScaling() { object["rope_scaling"] = .object(scaling) }
    return object
  }
}
