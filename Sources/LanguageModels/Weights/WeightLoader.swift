import Checkpoints
import Diagnostics
public import Tensors

/// Turns stored tensors into weights: frozen, on one device, in one compute type; mapped without a copy where the file
/// holds them that way.
///
/// What is missing or misshapen is noted and reported all at once by ``finish()``.
public final class WeightLoader {
  private let table: TensorTable
  private let source: String
  private let device: Device
  private let dtype: DType
  private let form: WeightForm
  private let progress: (Double) throws -> Void
  private let total: Int
  /// What is decoded lies here, where it is used as it is decoded.
  private let arena: FloatArena?
  private var reads: Bool
  private var problems: [any Diagnostic] = []
  private var taken: Set<String> = []
  /// Elements of all weights taken so far.
  public private(set) var takenElements = 0

  /// - Parameters:
  ///   - form: how matrices are kept.
  ///   - reads: whether tensors are read, or only their names, shapes and kinds checked.
  ///   - progress: called with the fraction of weights taken so far; what it throws ends the reading and comes out of
  ///     ``finish(ignoring:)``.
  init(
    checkpoint: Checkpoint, device: Device, dtype: DType, form: WeightForm = .plain, reads: Bool = true,
    progress: @escaping (Double) throws -> Void
  ) {
    self.reads = reads
    self.form = device == .cpu && dtype == .float32 ? form : .plain
    let decoded = checkpoint.tensors.filter { $0.storage.isFloat && !$0.isMapped(as: dtype) }
    arena = reads && device == .cpu && dtype == .float32 ? FloatArena(for: decoded.map(\.shape)) : nil
    table = checkpoint.tensors
    source = checkpoint.source
    self.device = device
    self.dtype = dtype
    self.progress = progress
    total = max(1, checkpoint.tensors.reduce(0) { $0 + $1.elementCount })
  }

  /// Whether the checkpoint has a tensor of this name.
  public func has(_ name: String) -> Bool { table[name] != nil }

  /// The names of the checkpoint below a prefix: `scope("model.layers.0.")`.
  func scope(_ prefix: String) -> WeightScope { WeightScope(loader: self, prefix: prefix) }

  /// The first of some prefixes under which the checkpoint has a tensor of this name; the first of all where none has.
  ///
  /// Published checkpoints name the same weights with and without the name of the model in front.
  func prefix(of name: String, among prefixes: [String]) -> String {
    prefixes.first { has($0 + name) } ?? prefixes[0]
  }

  /// Refuses a shape that the checkpoint cannot have by far; call it before anything is made in that size.
  ///
  /// What differs by less is told by every tensor that is missing or misshapen.
  func expect(_ shape: ModelShape) throws {
    guard shape.layers <= max(table.count, 1024) else {
      throw ModelError.inconsistent(
        problem: "the configuration has \(shape.layers) layers, the checkpoint \(table.count) tensors in all",
        source: source)
    }
    guard shape.leastWeights <= max(4 * Double(total), 0x1p24) else {
      throw ModelError.inconsistent(
        problem:
          "the sizes of the configuration make at least \(shape.leastWeights) weights, the checkpoint has \(total)",
        source: source)
    }
  }

  /// A weight by its Hugging Face name; zeros that take no memory where it cannot be had, which ``finish()`` then reports.
  public func take(_ name: String, _ shape: [Int]) -> Tensor {
    taking(name, shape, orElse: { $0 }) { stored in
      let tensor = try stored.loaded(as: dtype, in: arena)
      let converted = tensor.dtype == dtype ? tensor : try tensor.converted(to: dtype)
      return device == .cpu ? converted : try converted.moved(to: device)
    }
  }

  /// A matrix `[outputs, inputs]` by its Hugging Face name, in the form that matrices are kept in; else as ``take(_:_:)``.
  public func matrix(_ name: String, _ outputs: Int, _ inputs: Int) -> WeightMatrix {
    if form == .plain { return .plain(take(name, [outputs, inputs])) }
    return taking(name, [outputs, inputs], orElse: { .plain($0) }) { stored in
      let isRounded = form == .int8 && inputs % EncodedMatrix.Encoding.q8_0.blockElements == 0
      if form == .stored || stored.storage == .q8_0, let encoding = stored.storage.encoding,
        let rows = try stored.encodedRows()
      {
        return .encoded(
          EncodedMatrix(rows.pointer, outputs: outputs, inputs: inputs, encoding: encoding, owner: rows.owner))
      }
      // What is rounded needs its floats for a moment alone.
      let tensor = try stored.loaded(as: dtype, in: isRounded ? nil : arena)
      return isRounded ? .encoded(try EncodedMatrix(rounding: tensor)) : .plain(tensor)
    }
  }

  /// What is made of a stored tensor once it has been found to be there, of this shape and of real numbers.
  private func taking<Weight>(
    _ name: String, _ shape: [Int], orElse wrapped: (Tensor) -> Weight, _ make: (StoredTensor) throws -> Weight
  ) -> Weight {
    taken.insert(name)
    do {
      guard let stored = table[name] else {
        throw ModelError.missingTensor(
          name: name, shape: shape, source: source, nearest: NearestName.closest(to: name, in: table.names))
      }
      guard stored.shape == shape else {
        throw ModelError.tensorShape(name: name, expected: shape, got: stored.shape, source: source)
      }
      guard stored.storage.isFloat else {
        throw ModelError.tensorKind(name: name, got: stored.storage.rawValue, source: source)
      }
      takenElements += stored.elementCount
      guard reads else { return wrapped(standIn(shape)) }
      let weight = try make(stored)
      try advance()
      return weight
    } catch {
      // Where the engine fails (no memory left, say), it fails for every tensor.
      if error is TensorError { reads = false }
      problems.append(error as? any Diagnostic ?? ModelError.inconsistent(problem: "\(error)", source: source))
      return wrapped(standIn(shape))
    }
  }

  private func advance() throws {
    do {
      try progress(min(1, Double(takenElements) / Double(total)))
    } catch {
      reads = false
      throw error
    }
  }

  /// Throws everything that was wrong; call it last.
  ///
  /// - Parameter ignoring: beginnings and ends of names that the architecture has no use for. Any other tensor that nobody
  ///   took is an error: a weight that is left out silently changes every number.
  public func finish(ignoring known: [String] = []) throws {
    let harmless = known + Self.neverWeights
    let left = table.names.filter { name in
      !taken.contains(name) && !harmless.contains { name.hasPrefix($0) || name.hasSuffix($0) }
    }
    if !left.isEmpty { problems.append(ModelError.unusedTensors(names: left, source: source)) }
    if let group = DiagnosticGroup(problems) { throw group }
  }

  /// Buffers that old versions of transformers saved and that follow from the configuration.
  private static let neverWeights = ["rotary_emb.inv_freq", ".masked_bias", ".attn.bias", ".position_ids"]

  private func standIn(_ shape: [Int]) -> Tensor {
    do {
      return try Tensor.zeros(shape.map { _ in 1 }).expanded(shape)
    } catch {
      preconditionFailure("the engine cannot make a tensor of one zero: \(error)")
    }
  }
}

extension StoredTensor {
  /// The tensor as the engine sees it: mapped where the file holds the compute type, else decoded to float32, once and without
  /// keeping what was read.
  ///
  /// - Parameter arena: where decoded numbers go; `nil` for memory of the tensor's own.
  func loaded(as dtype: DType, in arena: FloatArena?) throws -> Tensor {
    if isMapped(as: dtype), let bytes = mappedBytes {
      return try Tensor.mapping(bytes.pointer, shape: shape, dtype: dtype, owner: bytes.owner)
    }
    func read(into buffer: UnsafeMutableBufferPointer<Float>) throws(CheckpointError) {
      try readFloats(into: buffer, threads: Engine.threads)
    }
    return try arena?.tensor(shape: shape, filledBy: read) ?? Tensor.filled(shape: shape, by: read)
  }

  /// Whether the file holds the tensor just as it is used.
  func isMapped(as dtype: DType) -> Bool { engineType == dtype && mappedBytes != nil }

  private var engineType: DType? {
    switch storage {
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    case .float64: .float64
    default: nil
    }
  }
}
