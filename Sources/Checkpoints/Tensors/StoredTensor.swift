/// A tensor as it lies in a file: nothing is read before it is asked for.
public struct StoredTensor: Sendable {
  /// The Hugging Face name, such as `model.layers.0.self_attn.q_proj.weight`.
  public let name: String
  /// Row-major, in the order of the Hugging Face layout: a linear weight is [out, in].
  public let shape: [Int]
  /// How the numbers are stored.
  public let storage: StorageType
  /// The file that holds it.
  public let file: String

  let bytes: MappedBytes
  let form: StoredForm

  /// - Precondition: the bytes are those of the shape in the type, and the shape can have the form.
  init(
    name: String, shape: [Int], storage: StorageType, file: String, bytes: MappedBytes, form: StoredForm = .plain
  ) {
    self.name = name
    self.shape = shape
    self.storage = storage
    self.file = file
    self.bytes = bytes
    self.form = form
  }

  /// The number of elements; readers have checked that it fits.
  ///
  /// Beside a size of zero the others may be of any size, whose product alone would overflow.
  public var elementCount: Int { shape.productReportingOverflow ?? 0 }

  /// The number of bytes in the file.
  public var byteCount: Int { bytes.count }

  /// The stored bytes where they are the tensor as it is: not quantised, in the Hugging Face form, aligned to
  /// the element.
  public var mappedBytes: MappedBytes? {
    guard !storage.isQuantized, form == .plain, isLittleEndianMachine,
      UInt(bitPattern: bytes.pointer) % UInt(storage.blockBytes) == 0
    else { return nil }
    return bytes
  }

  private var isLittleEndianMachine: Bool { 1.littleEndian == 1 }
}
