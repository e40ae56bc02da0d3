import Dispatch

extension StoredTensor {
  /// Decodes the tensor to single precision, in the Hugging Face form.
  ///
  /// The pages of the file that held it are given back to the system, so that a model does not lie in memory twice; another
  /// read fetches them again. Single precision that can be used in place (``mappedBytes``) keeps its pages.
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
    bytes.withBytes { source in
      guard let base = source.baseAddress else { return }
      switch form {
      case .plain: decode(format, base, into: start, adding: 0, threads: threads)
      case .raised(let constant): decode(format, base, into: start, adding: -constant, threads: threads)
      case .interleavedHalves, .partsApart: decodeRows(format, base, into: start, threads: threads)
      case .transposed: decodeTransposed(format, base, into: start, threads: threads)
      }
    }
    if storage != .float32 || mappedBytes == nil { bytes.release() }
  }

  /// Elements in the order of the file.
  private func decode(
    _ format: any FloatFormat.Type, _ base: UnsafeRawPointer, into start: UnsafeMutablePointer<Float>,
    adding constant: Float, threads: Int
  ) {
    // Safe to share, here and below: threads read the mapped pages and write disjoint parts of the destination.
    nonisolated(unsafe) let (source, destination) = (base, start)
    inShares(of: elementCount / format.elements, elementsEach: format.elements, threads: threads) { share in
      let part = destination + share.lowerBound * format.elements
      format.decode(source + share.lowerBound * format.bytes, count: share.count, into: part)
      if constant != 0 { for i in 0..<share.count * format.elements { part[i] += constant } }
    }
  }

  /// Rows in another order.
  private func decodeRows(
    _ format: any FloatFormat.Type, _ base: UnsafeRawPointer, into start: UnsafeMutablePointer<Float>, threads: Int
  ) {
    nonisolated(unsafe) let (source, destination) = (base, start)
    if shape.count == 1 {
      let stored = UnsafeMutableBufferPointer<Float>.allocate(capacity: elementCount)
      defer { stored.deallocate() }
      format.decode(source, count: elementCount / format.elements, into: stored.baseAddress.unsafelyUnwrapped)
      for i in 0..<elementCount { destination[i] = stored[form.storedRow(i, of: elementCount) ?? i] }
      return
    }
    let rows = shape[0]
    let columns = elementCount / rows
    let blocks = columns / format.elements
    inShares(of: rows, elementsEach: columns, threads: threads) { share in
      for row in share {
        let stored = form.storedRow(row, of: rows) ?? row
        format.decode(source + stored * blocks * format.bytes, count: blocks, into: destination + row * columns)
      }
    }
  }

  /// Stored rows to columns, sixteen at a time so that what is written fills cache lines.
  private func decodeTransposed(
    _ format: any FloatFormat.Type, _ base: UnsafeRawPointer, into start: UnsafeMutablePointer<Float>, threads: Int
  ) {
    nonisolated(unsafe) let (source, destination) = (base, start)
    let (columns, rows) = (shape[1], shape[0])  // of the result: `columns` stored rows of `rows` elements
    let blocks = rows / format.elements
    let strip = 16
    inShares(of: columns, elementsEach: rows, threads: threads) { share in
      let stored = UnsafeMutablePointer<Float>.allocate(capacity: strip * rows)
      defer { stored.deallocate() }
      for first in stride(from: share.lowerBound, to: share.upperBound, by: strip) {
        let width = min(strip, share.upperBound - first)
        format.decode(source + first * blocks * format.bytes, count: width * blocks, into: stored)
        for row in 0..<rows {
          for i in 0..<width { destination[row * columns + first + i] = stored[i * rows + row] }
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
  /// - Throws: ``CheckpointError/wrongKind(file:tensor:expected:got:)`` for real numbers, and for numbers beyond `Int64`.
  public func readIntegers() throws(CheckpointError) -> [Int64] {
    guard let type = storage.integerType else {
      throw .wrongKind(file: file, tensor: name, expected: "whole numbers", got: storage.rawValue)
    }
    func read<T: FixedWidthInteger>(
      _ type: T.Type, _ bytes: UnsafeRawBufferPointer
    ) throws(CheckpointError) -> [Int64] {
      var numbers: [Int64] = []
      numbers.reserveCapacity(elementCount)
      for i in 0..<elementCount {
        var value = T.zero
        withUnsafeMutableBytes(of: &value) {
          $0.copyMemory(from: .init(rebasing: bytes[i * $0.count..<(i + 1) * $0.count]))
        }
        guard let number = Int64(exactly: T(littleEndian: value)) else {
          throw .wrongKind(
            file: file, tensor: name, expected: "whole numbers up to \(Int64.max)", got: "\(T(littleEndian: value))")
        }
        numbers.append(number)
      }
      return numbers
    }
    return try bytes.withBytes { bytes throws(CheckpointError) in try read(type, bytes) }
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
