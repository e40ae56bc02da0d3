import CTorchShim

extension Tensor {
  /// Copies a Swift array, row-major.
  ///
  /// - Throws: ``TensorError/shape(what:expected:got:)`` when the count does not fill the shape.
  public convenience init<Element: TensorElement>(
    _ values: [Element], shape: [Int]? = nil, on device: Device = .cpu
  ) throws(TensorError) {
    let shape = shape ?? [values.count]
    guard shape.reduce(1, *) == values.count else {
      throw .shape(what: "a tensor of \(values.count) values", expected: "\(values.count) elements", got: shape)
    }
    var out: OpaquePointer?
    let status = values.withUnsafeBytes { bytes in
      withUnsafeTemporaryAllocation(byteCount: 8, alignment: 8) { empty in
        reft_from_bytes(
          bytes.baseAddress ?? UnsafeRawPointer(empty.baseAddress!), shape.native, Int32(shape.count),
          Element.dtype.native, &out)
      }
    }
    guard status == REFT_OK, let out else { throw failure("tensor", []) }
    guard device != .cpu else {
      self.init(owning: out)
      return
    }
    let host = Tensor(owning: out)
    var moved: OpaquePointer?
    guard reft_to_device(host.handle, device.native, &moved) == REFT_OK, let moved else {
      throw failure("tensor", [host])
    }
    self.init(owning: moved)
  }

  /// A tensor over memory that someone else owns, without a copy.
  ///
  /// The memory is kept alive through `owner` as long as the engine uses it, and is never written: clone what is trained.
  public static func mapping(
    _ bytes: UnsafeRawPointer, shape: [Int], dtype: DType, owner: AnyObject
  ) throws(TensorError) -> Tensor {
    let retained = Unmanaged.passRetained(owner)
    do throws(TensorError) {
      return try perform("mapping", []) { out in
        reft_from_foreign(
          UnsafeMutableRawPointer(mutating: bytes), shape.native, Int32(shape.count), dtype.native, retained.toOpaque(),
          { Unmanaged<AnyObject>.fromOpaque($0).release() }, out)
      }
    } catch {
      retained.release()
      throw error
    }
  }

  /// A tensor whose float32 elements are written once by `fill`, which gets the uninitialised memory.
  public static func filled<E: Error>(
    shape: [Int], by fill: (UnsafeMutableBufferPointer<Float>) throws(E) -> Void
  ) throws -> Tensor {
    let storage = FloatStorage(count: shape.reduce(1, *))
    try fill(storage.buffer)
    return try mapping(UnsafeRawPointer(storage.buffer.baseAddress!), shape: shape, dtype: .float32, owner: storage)
  }

  /// A tensor whose elements all are `value`.
  public static func full(
    _ shape: [Int], value: Double, dtype: DType = .float32, on device: Device = .cpu
  ) throws(TensorError) -> Tensor {
    try perform("full", []) { reft_full(shape.native, Int32(shape.count), value, dtype.native, device.native, $0) }
  }

  /// A tensor of zeros.
  public static func zeros(
    _ shape: [Int], dtype: DType = .float32, on device: Device = .cpu
  ) throws(TensorError) -> Tensor {
    try full(shape, value: 0, dtype: dtype, on: device)
  }

  /// `rows` x `columns` with ones on the diagonal.
  public static func identity(rows: Int, columns: Int, on device: Device = .cpu) throws(TensorError) -> Tensor {
    try perform("identity", []) { reft_eye(Int64(rows), Int64(columns), device.native, $0) }
  }
}
