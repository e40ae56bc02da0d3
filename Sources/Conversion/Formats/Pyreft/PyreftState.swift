import Checkpoints

/// The state dictionary of one intervention while its tensors are taken out.
struct PyreftState {
  let file: String
  private var tensors: [(name: String, tensor: TorchTensor)]
  /// What was taken, under the old and the new name.
  private(set) var taken: [(from: String, to: String)] = []
  private var unused: [(name: String, why: String)] = []

  init(_ tensors: [(name: String, tensor: TorchTensor)], file: String) {
    self.tensors = tensors
    self.file = file
  }

  func has(_ name: String) -> Bool { tensors.contains { $0.name == name } }

  private mutating func remove(_ name: String) throws(ConversionError) -> TorchTensor {
    guard let index = tensors.firstIndex(where: { $0.name == name }) else {
      throw .missingTensor(name: name, file: file)
    }
    return tensors.remove(at: index).tensor
  }

  /// Takes a tensor of so many sizes under a new name.
  mutating func take(_ name: String, rank: Int, as new: String) throws -> PlainTensor {
    let tensor = try remove(name)
    guard tensor.shape.count == rank else {
      throw ConversionError.tensorShape(
        name: name, expected: rank == 1 ? "a vector" : "a matrix", got: tensor.shape, file: file)
    }
    taken.append((name, new))
    let plain = PlainTensor(new, tensor.shape, try tensor.floats(named: name))
    try plain.named(name).checkFinite(file)
    return plain
  }

  /// Takes a tensor that has no part in the result.
  mutating func drop(_ name: String, because why: String) {
    guard has(name) else { return }
    tensors.removeAll { $0.name == name }
    unused.append((name, why))
  }

  /// Takes a whole number that must have a certain value.
  mutating func check(_ name: String, is expected: Int) throws {
    guard has(name) else { return }
    let tensor = try remove(name)
    let values = try tensor.integers(named: name)
    guard values == [Int64(expected)] else {
      throw ConversionError.malformed(
        problem: "'\(name)' is \(values.map(String.init).joined(separator: ", ")), the model has \(expected)",
        file: file)
    }
    unused.append((name, "\(expected), as the model has it"))
  }

  /// Reports what nobody took.
  func finish(_ report: inout ConversionReport) throws {
    for (name, why) in unused { report.note(unused: "\(file.lastName): \(name)", why) }
    for (name, tensor) in tensors {
      report.note(leftover: "\(file.lastName): \(name)", "a tensor of shape \(tensor.shape)")
    }
  }
}

extension String {
  /// What stands behind the last slash.
  var lastName: String { split(separator: "/").last.map(String.init) ?? self }
}
