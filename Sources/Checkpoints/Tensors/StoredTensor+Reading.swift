import Dispatch

extension StoredTensor {
  /// Decodes the tensor to single precision, rows in the Hugging Face order.
  ///
  /// - Parameters:
  ///   - out: room for exactly `elementCount` numbers.
  ///   - threads: how many cores may work on it, 2 being on every machine; small tensors use one.
  /// - Throws: ``CheckpointError/wrongKind(file:tensor:expected:got:)`` for whole numbers.
  public func readFloats(
    into out: UnsafeMutableBufferPointer<Float>, threads: Int = 2
  ) throws(CheckpointError) {
    guard let format = storage.floatFormat else {
      throw .wrongKind(file: file, tensor: name, expected: "real numbers", got: storage.rawValue)
    }
    precondition(out.count == elementCount, "the destination must hold the whole tensor")
    guard let start = out.baseAddress, !out.isEmpty else { return }
    // Safe to share: threads read the mapped pages and write disjoint parts of the destination.
    nonisolated(unsafe) let destination = start
    bytes.withBytes { source in
      guard let base = source.baseAddress else { return }
      nonisolated(unsafe) let source = base
      switch rowOrder {
      case .plain:
        let blocks = elementCount / format.elements
        inShares(of: blocks, elementsEach: format.elements, threads: threads) { share in
          format.decode(
            source + share.lowerBound * format.bytes, count: share.count,
            into: destination + share.lowerBound * format.elements)
        }
      case .interleavedHalves where shape.count == 1:
        let stored = UnsafeMutableBufferPointer<Float>.allocate(capacity: elementCount)
        defer { stored.deallocate() }
        format.decode(source, count: elementCount / format.elements, into: stored.baseAddress.unsafelyUnwrapped)
        for i in 0..<elementCount { destination[i] = stored[rowOrder.stored(i, of: elementCount)] }
      case .interleavedHalves:
        let rows = shape[0]
        let columns = elementCount / rows
        let blocks = columns / format.elements
        inShares(of: rows, elementsEach: columns, threads: threads) { share in
          for row in share {
            let stored = rowOrder.stored(row, of: rows)
            format.decode(source + stored * blocks * format.bytes, count: blocks, into: destination + row * columns)
          }
        }
      }
    }
  }

  /// The tensor in single precision as a new array.
  public func floats(threads: Int = 2) throws(CheckpointError) -> [Float] {
    guard storage.isFloat else {
      throw .wrongKind(file: file, tensor: name, expected: "real numbers", got: storage.rawValue)
    }
    return [Float](unsafeUninitializedCapacity: elementCount) { buffer, count in
      // The kind has been checked above, which is the only thing that can fail.
      try? readFloats(into: .init(rebasing: buffer[..<elementCount]), threads: threads)
      count = elementCount
    }
  }

  /// The tensor as whole numbers; truth values are 0 and 1.
  ///
  /// - Throws: ``CheckpointError/wrongKind(file:tensor:expected:got:)`` for real numbers.
  public func readIntegers() throws(CheckpointError) -> [Int64] {
    guard let type = storage.integerType else {
      throw .wrongKind(file: file, tensor: name, expected: "whole numbers", got: storage.rawValue)
    }
    func read<T: FixedWidthInteger>(_ type: T.Type, _ bytes: UnsafeRawBufferPointer) -> [Int64] {
      (0..<elementCount).map { i in
        var value = T.zero
        withUnsafeMutableBytes(of: &value) {
          $0.copyMemory(from: .init(rebasing: bytes[i * $0.count..<(i + 1) * $0.count]))
        }
        return Int64(T(littleEndian: value))
      }
    }
    return bytes.withBytes { read(type, $0) }
  }

  /// Splits `count` units over threads in runs; what is too small to be worth a thread stays on this one.
  private func inShares(
    of count: Int, elementsEach: Int, threads: Int, _ body: @Sendable (Range<Int>) -> Void
  ) {
    let worthwhile = count * elementsEach / 65536
    let shares = max(1, min(threads, worthwhile, count))
    guard shares > 1 else { return body(0..<count) }
    DispatchQueue.concurrentPerform(iterations: shares) { share in
      body(count * share / shares..<count * (share + 1) / shares)
    }
  }
}
