/// Writes an ordered dictionary of tensors as `torch.save` does, so that `torch.load(..., weights_only=True)` reads it.
///
/// The same tensors give the same bytes: no dates, names of the archive fixed, storages in the order of the tensors, each
/// aligned to 64 bytes as torch aligns them.
public enum TorchArchiveWriter {
  /// Writes the file in one step.
  ///
  /// - Parameters:
  ///   - tensors: the entries of the dictionary, in order; of types that torch has storages of.
  ///   - overwrite: whether a file that is already there is replaced.
  /// - Throws: ``CheckpointError``, or what a tensor's closure throws.
  public static func write(to path: String, tensors: [WritableTensor], overwrite: Bool = false) throws {
    var program = PickleProgram()
    var members: [(name: String, bytes: [UInt8])] = []
    var names: Set<String> = []
    for (i, tensor) in tensors.enumerated() {
      func refuse(_ problem: String) -> CheckpointError {
        .wrongTensor(file: path, tensor: tensor.name, problem: problem)
      }
      guard names.insert(tensor.name).inserted else { throw refuse("is to be written twice") }
      guard let storage = TorchStorages.name(of: tensor.storage) else {
        throw refuse("is of type \(tensor.storage.rawValue), which torch has no storage of")
      }
      guard !tensor.shape.contains(where: { $0 < 0 }), let size = tensor.storage.byteCount(of: tensor.shape) else {
        throw refuse("has the shape \(tensor.shape), which is not possible")
      }
      var bytes: [UInt8] = []
      try tensor.produce { bytes += $0 }
      guard bytes.count == size else {
        throw refuse(
          "of shape \(tensor.shape) and type \(tensor.storage.rawValue) needs \(size) bytes, got \(bytes.count)")
      }
      program.add(tensor.name, shape: tensor.shape, storage: storage, key: i)
      members.append(("data/\(i)", bytes))
    }
    try ZIPWriter.write(
      to: path, folder: "archive",
      members: [("data.pkl", program.finished()), ("byteorder", Array("little".utf8))] + members
        + [("version", Array("3\n".utf8))], overwrite: overwrite)
  }
}

/// The pickle of an ordered dictionary of contiguous tensors, protocol 2.
private struct PickleProgram {
  private var bytes: [UInt8] = [0x80, 2]
  private var isEmpty = true

  init() {
    global("collections", "OrderedDict")
    bytes += [UInt8(ascii: ")"), UInt8(ascii: "R")]
  }

  mutating func add(_ name: String, shape: [Int], storage: String, key: Int) {
    if isEmpty { bytes.append(UInt8(ascii: "(")) }
    isEmpty = false
    text(name)
    global("torch._utils", "_rebuild_tensor_v2")
    bytes += Array("((".utf8)
    text("storage")
    global("torch", storage)
    text(String(key))
    text("cpu")
    integer(shape.reduce(1, *))
    bytes += [UInt8(ascii: "t"), UInt8(ascii: "Q")]
    integer(0)
    tuple(shape)
    tuple(TorchTensor.contiguousStrides(of: shape))
    bytes.append(0x89)  // requires_grad
    global("collections", "OrderedDict")  // hooks
    bytes += Array(")RtR".utf8)
  }

  func finished() -> [UInt8] { bytes + Array(isEmpty ? ".".utf8 : "u.".utf8) }

  private mutating func global(_ module: String, _ name: String) { bytes += Array("c\(module)\n\(name)\n".utf8) }

  private mutating func text(_ text: String) {
    bytes.append(UInt8(ascii: "X"))
    withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian) { bytes += $0 }
    bytes += text.utf8
  }

  private mutating func integer(_ value: Int) {
    if let small = Int32(exactly: value) {
      bytes.append(UInt8(ascii: "J"))
      withUnsafeBytes(of: small.littleEndian) { bytes += $0 }
    } else {
      bytes += [0x8A, 8]
      withUnsafeBytes(of: Int64(value).littleEndian) { bytes += $0 }
    }
  }

  private mutating func tuple(_ values: [Int]) {
    bytes.append(UInt8(ascii: "("))
    for value in values { integer(value) }
    bytes.append(UInt8(ascii: "t"))
  }
}
