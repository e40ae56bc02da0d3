import CTorchShim

extension Tensor {
  /// Writes the elements as they are, row-major, into memory of exactly their size.
  public func copy(into bytes: UnsafeMutableRawBufferPointer) throws(TensorError) {
    guard bytes.count > 0, let base = bytes.baseAddress else { return }
    try perform("copy", [self]) { reft_copy_out(handle, dtype.native, base, Int64(bytes.count)) }
  }
}
