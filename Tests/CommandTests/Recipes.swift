import Testing

extension Workplace {
  /// Settings that train for a moment and change something.
  static let quick = "{epochs: 2, batch_size: 2, accumulation: 1, learning_rate: 2e-2, warmup_ratio: 0}"

  /// Writes `NAME.yaml`, with the output `NAME`.
  func writeRecipe(
    _ name: String, method: String = "{name: loreft, rank: 2}", locations: String? = "all.block_output@f2+l2",
    data: String = "{train: train.jsonl}", training: String = Workplace.quick
  ) throws {
    let lines = [
      "model: {path: model, device: cpu}", "data: \(data)", "method: \(method)", locations.map { "locations: \($0)" },
      "training: \(training)", "output: \(name)",
    ]
    try write("\(name).yaml", lines.compactMap { $0 }.joined(separator: "\n") + "\n")
  }

  /// Trains a LoReFT adapter into `NAME`.
  func trainLoReFT(_ name: String = "loreft") throws {
    try writeRecipe(name)
    try reft("train", "\(name).yaml").succeeded()
  }

  /// Trains a LoFiT adapter, offsets on some heads, into `NAME`.
  func trainLoFiT(_ name: String = "lofit", _ flags: String...) throws {
    try writeRecipe(name, method: "{name: lofit}", locations: "0,2.head_attention_value_output[1,3]@all")
    try reft(["train", "\(name).yaml"] + flags).succeeded()
  }
}
