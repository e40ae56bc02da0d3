extension PickleMachine {
  /// `_rebuild_tensor_v2(storage, offset, sizes, strides, requires_grad, hooks)`: a view that lies in its storage.
  func tensor(_ arguments: [Item]) throws(CheckpointError) -> TorchTensor {
    guard arguments.count >= 4, case .storage(let reference) = arguments[0], case .int(let offset) = arguments[1],
      let shape = integers(arguments[2]), let strides = integers(arguments[3]), shape.count == strides.count
    else { throw malformed("a tensor is not what torch writes") }
    let type = reference.type
    let stored = reference.bytes.count / type.blockBytes
    guard offset >= 0, shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 }) else {
      throw malformed("a tensor of sizes \(shape), strides \(strides) and offset \(offset) is not possible")
    }
    guard let count = shape.productReportingOverflow, count <= stored else {
      throw malformed("a tensor of sizes \(shape) has more elements than its storage, which has \(stored)")
    }
    // Sizes beside a zero may be anything.
    if count == 0 {
      return TorchTensor(
        shape: shape, storage: type, strides: TorchTensor.contiguousStrides(of: shape.map { min($0, 1) }),
        span: MappedBytes(owner: reference.bytes.owner, offset: reference.bytes.offset, count: 0), file: file)
    }
    var last = offset
    for (size, stride) in zip(shape, strides) {
      let (reach, tooFar) = (size - 1).multipliedReportingOverflow(by: stride)
      let (sum, beyond) = last.addingReportingOverflow(reach)
      guard !tooFar, !beyond, sum < stored else {
        throw malformed(
          "a tensor of sizes \(shape) and strides \(strides) at \(offset) leaves its storage of \(stored)")
      }
      last = sum
    }
    guard last < stored else { throw malformed("a tensor at \(offset) leaves its storage of \(stored)") }
    let begin = reference.bytes.offset + offset * type.blockBytes
    return TorchTensor(
      shape: shape, storage: type, strides: strides,
      span: MappedBytes(
        owner: reference.bytes.owner, offset: begin, count: (last - offset + 1) * type.blockBytes), file: file)
  }

  private func integers(_ item: Item) -> [Int]? {
    guard case .tuple(let items, _) = item, items.count <= 64 else { return nil }
    var values: [Int] = []
    for item in items {
      guard case .int(let value) = item else { return nil }
      values.append(value)
    }
    return values
  }

  /// The result as a value: containers are followed, so that what contains itself is found by its depth.
  func value(_ item: Item, depth: Int, budget: inout Int) throws(CheckpointError) -> TorchValue {
    budget -= 1
    guard budget >= 0 else { throw malformed("the result has more than \(Self.mostValues) values") }
    guard depth <= Self.deepest else {
      throw malformed("containers are nested deeper than \(Self.deepest), or hold themselves")
    }
    switch item {
    case .none: return .none
    case .bool(let value): return .bool(value)
    case .int(let value): return .int(value)
    case .double(let value): return .double(value)
    case .string(let value): return .string(value)
    case .tensor(let tensor): return .tensor(tensor)
    case .tuple(let items, _): return .tuple(try values(items, depth, &budget))
    case .container(let index):
      switch containers[index] {
      case .list(let items): return .list(try values(items, depth, &budget))
      case .dictionary(let pairs):
        var members: [(key: TorchValue, value: TorchValue)] = []
        for pair in pairs {
          members.append(
            (
              try value(pair.key, depth: depth + 1, budget: &budget),
              try value(pair.value, depth: depth + 1, budget: &budget)
            ))
        }
        return .dictionary(members)
      }
    case .mark, .global, .storage: throw malformed("the result holds something that is neither tensor nor container")
    }
  }

  private func values(_ items: [Item], _ depth: Int, _ budget: inout Int) throws(CheckpointError) -> [TorchValue] {
    var result: [TorchValue] = []
    for item in items { result.append(try value(item, depth: depth + 1, budget: &budget)) }
    return result
  }
}
