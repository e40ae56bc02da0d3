extension StoredTensor {
  /// The rows of a matrix as they are encoded, in the order of the Hugging Face layout, without gaps: the file's own pages where it has
  /// them so, else a copy of its bytes.
  ///
  /// - Returns: the first byte and what keeps it alive; `nil` for whole numbers, and where rows of the file are no rows of the tensor
  ///   or its numbers are changed as they are read.
  public func encodedRows() throws(CheckpointError) -> (pointer: UnsafeRawPointer, owner: AnyObject)? {
    guard storage.isFloat, shape.count == 2, elementCount > 0 else { return nil }
    switch form {
    case .transposed, .raised: return nil
    case .plain: return (bytes.pointer, bytes.owner)
    case .interleavedHalves, .partsApart:
      let rowBytes = bytes.count / shape[0]
      let ordered = try ScratchBytes(inMemory: bytes.count)
      for row in 0..<shape[0] {
        let stored = form.storedRow(row, of: shape[0]) ?? row
        UnsafeMutableRawBufferPointer(rebasing: ordered.bytes[row * rowBytes..<(row + 1) * rowBytes])
          .copyMemory(from: UnsafeRawBufferPointer(start: bytes.pointer + stored * rowBytes, count: rowBytes))
      }
      bytes.release()
      guard let start = ordered.bytes.baseAddress else { return nil }
      return (UnsafeRawPointer(start), ordered)
    }
  }
}
