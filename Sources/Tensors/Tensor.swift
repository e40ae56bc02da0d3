import CTorchShim

/// A multidimensional array of the engine.
///
/// An immutable value in all but two places: what an optimiser trains and the rows of a key-value cache are written
/// in place, through ``assign(_:)``, ``scale(by:)`` and ``FusedAdamW``. Not `Sendable`: tensors stay in one isolation
/// region.
public final class Tensor {
  let handle: OpaquePointer

  /// Takes over one reference.
  init(owning handle: OpaquePointer) {
    self.handle = handle
  }

  deinit { reft_release(handle) }

  /// Sizes of the dimensions, outermost first; empty for a scalar.
  public var shape: [Int] {
    (0..<reft_rank(handle)).map { Int(reft_size(handle, $0)) }
  }

  /// Number of dimensions.
  public var rank: Int { Int(reft_rank(handle)) }

  /// Size of one dimension; negative counts from the end.
  public func size(_ dimension: Int) -> Int {
    let index = dimension < 0 ? rank + dimension : dimension
    precondition((0..<rank).contains(index), "dimension \(dimension) of a tensor of shape \(shape)")
    return Int(reft_size(handle, Int32(index)))
  }

  /// Product of the dimensions; 1 for a scalar.
  public var elementCount: Int { shape.reduce(1, *) }
  /// Type of the elements.
  public var dtype: DType { DType(native: reft_type(handle)) }
  /// Where the elements lie.
  public var device: Device { Device(native: reft_device(handle)) }

  /// How often the elements were overwritten in place, by this tensor or one that shares its memory.
  public var version: Int { Int(reft_version(handle)) }

  /// Copies the elements out, row-major, converted to `Element`.
  public func values<Element: TensorElement>(as type: Element.Type = Element.self) throws(TensorError) -> [Element] {
    let count = elementCount
    var status = REFT_OK
    let array = [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      let bytes = UnsafeMutableRawPointer(buffer.baseAddress ?? UnsafeMutablePointer<Element>.allocate(capacity: 1))
      status = reft_copy_out(handle, Element.dtype.native, bytes, Int64(count * MemoryLayout<Element>.stride))
      initialized = status == REFT_OK ? count : 0
    }
    guard status == REFT_OK else { throw failure("values", [self]) }
    return array
  }

  /// The only element of a tensor that has one.
  public func item() throws(TensorError) -> Double {
    guard elementCount == 1 else { throw .shape(what: "item()", expected: "one element", got: shape) }
    return try values(as: Double.self)[0]
  }
}

extension Tensor: CustomStringConvertible {
  /// Type and shape, as errors print it: `float32[2, 3]`.
  public var description: String { "\(dtype)\(shape)" }
}

/// The error of a failed call with the operands it had.
func failure(_ op: String, _ operands: [Tensor]) -> TensorError {
  .operation(op: op, operands: operands.map(\.description), message: TensorError.lastMessage)
}

/// Calls one function of the shim and wraps what it gives.
@inline(__always)
func perform(
  _ op: String, _ operands: [Tensor], _ call: (UnsafeMutablePointer<OpaquePointer?>) -> ReftStatus
) throws(TensorError) -> Tensor {
  var out: OpaquePointer?
  let status = call(&out)
  guard status == REFT_OK, let out else { throw failure(op, operands) }
  return Tensor(owning: out)
}

/// Calls a function of the shim that gives nothing back.
@inline(__always)
func perform(_ op: String, _ operands: [Tensor], _ call: () -> ReftStatus) throws(TensorError) {
  guard call() == REFT_OK else { throw failure(op, operands) }
}

extension [Int] {
  var native: [Int64] { map(Int64.init) }
}
