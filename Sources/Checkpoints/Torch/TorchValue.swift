/// What a file of `torch.save` holds, as far as it is read: tensors and plain containers of them.
public indirect enum TorchValue: Sendable {
  case none
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  case list([TorchValue])
  case tuple([TorchValue])
  /// A `dict` or `OrderedDict`, in its order.
  case dictionary([(key: TorchValue, value: TorchValue)])
  case tensor(TorchTensor)

  /// What kind of value this is, as an error message names it.
  var kind: String {
    switch self {
    case .none: "None"
    case .bool: "a truth value"
    case .int: "a whole number"
    case .double: "a number"
    case .string: "a string"
    case .list: "a list"
    case .tuple: "a tuple"
    case .dictionary: "a dictionary"
    case .tensor: "a tensor"
    }
  }
}

/// A tensor in a file of `torch.save`: a view of a storage, which other tensors may share.
public struct TorchTensor: Sendable {
  /// Row-major sizes.
  public let shape: [Int]
  /// The type of its elements; never quantised.
  public let storage: StorageType
  /// Steps between neighbours along each size, in elements.
  let strides: [Int]
  /// The bytes from the view's first element to its last.
  let span: MappedBytes
  /// The file that holds it.
  public let file: String

  /// The number of elements; the reader has checked that it is no larger than the storage.
  public var elementCount: Int { shape.productReportingOverflow ?? 0 }

  /// Whether the elements lie one behind the other in row-major order.
  var isContiguous: Bool { strides == Self.contiguousStrides(of: shape) || elementCount < 2 }

  static func contiguousStrides(of shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * max(1, shape[axis + 1]) }
    return strides
  }

  /// The tensor in single precision, row-major.
  ///
  /// - Throws: ``CheckpointError/wrongKind(file:tensor:expected:got:)`` for whole numbers.
  public func floats(named name: String) throws(CheckpointError) -> [Float] {
    gathered(try stored(name).floats(threads: 1))
  }

  /// The tensor as whole numbers, row-major.
  ///
  /// - Throws: ``CheckpointError/wrongKind(file:tensor:expected:got:)`` for real numbers.
  public func integers(named name: String) throws(CheckpointError) -> [Int64] {
    gathered(try stored(name).readIntegers())
  }

  /// The tensor under a name; one that is no plain run of bytes is not offered so.
  private func stored(_ name: String) -> StoredTensor {
    let count = span.count / storage.blockBytes
    return StoredTensor(name: name, shape: [count], storage: storage, file: file, bytes: span)
  }

  /// The view's elements out of those of its span.
  private func gathered<T>(_ elements: [T]) -> [T] {
    if isContiguous { return elements }
    var result: [T] = []
    result.reserveCapacity(elementCount)
    var index = [Int](repeating: 0, count: shape.count)
    var place = 0
    for _ in 0..<elementCount {
      result.append(elements[place])
      for axis in shape.indices.reversed() {
        index[axis] += 1
        place += strides[axis]
        if index[axis] < shape[axis] { break }
        place -= strides[axis] * shape[axis]
        index[axis] = 0
      }
    }
    return result
  }
}
