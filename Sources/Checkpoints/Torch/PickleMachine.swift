/// Runs the pickle of a torch archive, which is a program, with nothing in reach but tensors and plain containers.
///
/// Python's own machine lets a pickle name any function and call it. Here the names are the handful below, and every other is
/// an error that says which it was; no opcode makes an instance of anything else. The work is bounded by the length of the
/// program: no opcode takes less than one byte, and none copies what is on the stack.
///
/// Opcodes as in Python's `Lib/pickletools.py`, protocols 2 to 4, those that `torch.save` uses.
struct PickleMachine {
  /// The longest program that is run; that of a state dictionary has about 150 bytes a tensor.
  static let longestProgram = 8 << 20
  /// The deepest nesting of containers in a result.
  static let deepest = 32
  /// The most values in a result, shared ones counted as often as they are reached.
  static let mostValues = 1 << 20

  /// A name that a pickle may use.
  enum Global: Equatable {
    case orderedDictionary, rebuildTensor, rebuildParameter
    case storage(StorageType)
  }

  /// What the machine works on; containers are references, as in Python, and live in `containers`.
  enum Item {
    case none, mark
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    /// With its depth: a tuple of tuples of ... may not be deeper than ``deepest``.
    case tuple([Item], depth: Int)
    case container(Int)
    case global(Global)
    case storage(StorageReference)
    case tensor(TorchTensor)
  }

  /// A list or dictionary while it is filled.
  enum Container {
    case list([Item])
    case dictionary([(key: Item, value: Item)])
  }

  /// What a persistent identifier names: bytes of the archive.
  struct StorageReference {
    let type: StorageType
    let bytes: MappedBytes
  }

  private let program: UnsafeRawBufferPointer
  let file: String
  /// The bytes of a storage by its key.
  let storage: (_ key: String) throws(CheckpointError) -> MappedBytes
  private var position = 0
  private var stack: [Item] = []
  private var memo: [Int: Item] = [:]
  private(set) var containers: [Container] = []

  /// - Parameter program: must live as long as the machine.
  init(
    _ program: UnsafeRawBufferPointer, file: String,
    storage: @escaping (_ key: String) throws(CheckpointError) -> MappedBytes
  ) {
    self.program = program
    self.file = file
    self.storage = storage
  }

  func malformed(_ problem: String) -> CheckpointError {
    .malformed(file: file, place: "pickle, byte \(position)", problem: problem)
  }

  /// Runs the program to its end.
  mutating func run() throws(CheckpointError) -> TorchValue {
    guard program.count <= Self.longestProgram else {
      throw .unsupported(
        file: file, what: "a pickle of \(program.count) bytes", remedy: "save the tensors alone, or as safetensors")
    }
    while true {
      let opcode = try integer(UInt8.self)
      if opcode == UInt8(ascii: ".") { break }
      try execute(opcode)
    }
    guard stack.count == 1, let result = stack.popLast() else {
      throw malformed("\(stack.count) values are left at the end, expected one")
    }
    var budget = Self.mostValues
    return try value(result, depth: 0, budget: &budget)
  }

  private mutating func execute(_ opcode: UInt8) throws(CheckpointError) {
    switch opcode {
    case 0x80:  // PROTO
      let version = try integer(UInt8.self)
      guard (2...4).contains(version) else {
        throw .unsupported(
          file: file, what: "version \(version) of the pickle protocol", remedy: "save the file again with torch.save")
      }
    case 0x95: _ = try integer(UInt64.self)  // FRAME: a hint for buffering
    case UInt8(ascii: "N"): stack.append(.none)
    case 0x88: stack.append(.bool(true))
    case 0x89: stack.append(.bool(false))
    case UInt8(ascii: "K"): stack.append(.int(Int(try integer(UInt8.self))))
    case UInt8(ascii: "M"): stack.append(.int(Int(try integer(UInt16.self))))
    case UInt8(ascii: "J"): stack.append(.int(Int(try integer(Int32.self))))
    case 0x8A: stack.append(.int(try longInteger()))
    case UInt8(ascii: "G"): stack.append(.double(Double(bitPattern: UInt64(bigEndian: try raw(UInt64.self)))))
    case UInt8(ascii: "X"): stack.append(.string(try text(Int(try integer(UInt32.self)))))
    case 0x8C: stack.append(.string(try text(Int(try integer(UInt8.self)))))
    case 0x8D: stack.append(.string(try text(try length(integer(UInt64.self)))))
    case UInt8(ascii: "("): stack.append(.mark)
    case UInt8(ascii: ")"): try push([])
    case 0x85: try tuple(of: 1)
    case 0x86: try tuple(of: 2)
    case 0x87: try tuple(of: 3)
    case UInt8(ascii: "t"): try push(popToMark())
    case UInt8(ascii: "]"): make(.list([]))
    case UInt8(ascii: "}"): make(.dictionary([]))
    case UInt8(ascii: "a"): try append([pop()])
    case UInt8(ascii: "e"): try append(popToMark())
    case UInt8(ascii: "s"):
      let value = try pop()
      try set([pop(), value])
    case UInt8(ascii: "u"): try set(popToMark())
    case UInt8(ascii: "q"): memo[Int(try integer(UInt8.self))] = try top()
    case UInt8(ascii: "r"): memo[Int(try integer(UInt32.self))] = try top()
    case 0x94: memo[memo.count] = try top()  // MEMOIZE
    case UInt8(ascii: "h"): try recall(Int(try integer(UInt8.self)))
    case UInt8(ascii: "j"): try recall(Int(try integer(UInt32.self)))
    case UInt8(ascii: "c"): stack.append(.global(try global(line(), line())))
    case 0x93:  // STACK_GLOBAL
      guard case .string(let name) = try pop(), case .string(let module) = try pop() else {
        throw malformed("a name must be a string")
      }
      stack.append(.global(try global(module, name)))
    case UInt8(ascii: "Q"): stack.append(.storage(try persistent(pop())))
    case UInt8(ascii: "R"): try reduce()
    case UInt8(ascii: "b"): try build()
    default: throw forbidden(opcode)
    }
  }

  private func forbidden(_ opcode: UInt8) -> CheckpointError {
    let number = String(opcode, radix: 16, uppercase: true)
    return .unsupported(
      file: file,
      what: "a pickle with the opcode 0x\(number) at byte \(position - 1), which plain tensors do not need,",
      remedy: "only tensors and dictionaries of them are read; save those alone, or as safetensors")
  }

  // MARK: The program

  private mutating func raw<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws(CheckpointError) -> T {
    let size = MemoryLayout<T>.size
    guard size <= program.count - position else { throw cut(size) }
    defer { position += size }
    return program.loadUnaligned(fromByteOffset: position, as: T.self)
  }

  private mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws(CheckpointError) -> T {
    T(littleEndian: try raw(type))
  }

  private func cut(_ needed: Int) -> CheckpointError {
    .truncated(file: file, part: "its pickle", needed: UInt64(needed), got: UInt64(program.count - position))
  }

  private func length(_ value: UInt64) throws(CheckpointError) -> Int {
    guard let value = Int(exactly: value) else { throw malformed("\(value) is no possible length") }
    return value
  }

  private mutating func text(_ length: Int) throws(CheckpointError) -> String {
    guard length <= program.count - position else { throw cut(length) }
    defer { position += length }
    guard let text = String(validating: program[position..<position + length], as: UTF8.self) else {
      throw malformed("a string is not valid UTF-8")
    }
    return text
  }

  private mutating func line() throws(CheckpointError) -> String {
    guard let end = program[position...].firstIndex(of: UInt8(ascii: "\n")) else { throw cut(1) }
    let text = try text(end - position)
    position = end + 1
    return text
  }

  private mutating func longInteger() throws(CheckpointError) -> Int {
    let count = Int(try integer(UInt8.self))
    guard count <= 8 else { throw malformed("a whole number of \(count) bytes") }
    var value: UInt64 = 0
    for i in 0..<count { value |= UInt64(try integer(UInt8.self)) << UInt64(8 * i) }
    let unused = UInt64(64 - 8 * count)
    return count == 0 ? 0 : Int(truncatingIfNeeded: Int64(bitPattern: value << unused) >> Int64(unused))
  }

  private func global(_ module: String, _ name: String) throws(CheckpointError) -> Global {
    switch (module, name) {
    case ("collections", "OrderedDict"): return .orderedDictionary
    case ("torch._utils", "_rebuild_tensor_v2"): return .rebuildTensor
    case ("torch._utils", "_rebuild_parameter"): return .rebuildParameter
    default:
      if module == "torch", let type = TorchStorages.types[name] { return .storage(type) }
      throw .unsupported(
        file: file, what: "a pickle that asks for '\(module).\(name)'",
        remedy:
          "only tensors and dictionaries of them are read, for anything else could run a program; if you trust the "
          + "file, load it with torch and save its tensors alone")
    }
  }

  // MARK: The stack

  private mutating func pop() throws(CheckpointError) -> Item {
    guard let item = stack.popLast() else { throw malformed("a value is missing") }
    if case .mark = item { throw malformed("a value is missing") }
    return item
  }

  private func top() throws(CheckpointError) -> Item {
    guard let item = stack.last else { throw malformed("a value is missing") }
    if case .mark = item { throw malformed("a value is missing") }
    return item
  }

  private mutating func popToMark() throws(CheckpointError) -> [Item] {
    let mark = stack.lastIndex { if case .mark = $0 { true } else { false } }
    guard let mark else { throw malformed("a mark is missing") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[(mark + 1)...])
  }

  private mutating func tuple(of count: Int) throws(CheckpointError) {
    var items: [Item] = []
    for _ in 0..<count { items.append(try pop()) }
    try push(items.reversed())
  }

  /// Pushes a tuple.
  private mutating func push(_ items: [Item]) throws(CheckpointError) {
    let depth = 1 + items.reduce(0) { if case .tuple(_, let depth) = $1 { max($0, depth) } else { $0 } }
    guard depth <= Self.deepest else { throw malformed("tuples are nested deeper than \(Self.deepest)") }
    stack.append(.tuple(items, depth: depth))
  }

  private mutating func make(_ container: Container) {
    stack.append(.container(containers.count))
    containers.append(container)
  }

  private mutating func recall(_ key: Int) throws(CheckpointError) {
    guard let item = memo[key] else { throw malformed("the memo has no entry \(key)") }
    stack.append(item)
  }

  private mutating func append(_ items: [Item]) throws(CheckpointError) {
    guard case .container(let index) = try top(), case .list(var list) = containers[index] else {
      throw malformed("a list is missing")
    }
    containers[index] = .list([])  // so that the list is not copied
    list += items
    containers[index] = .list(list)
  }

  private mutating func set(_ items: [Item]) throws(CheckpointError) {
    guard items.count % 2 == 0, case .container(let index) = try top(),
      case .dictionary(var pairs) = containers[index]
    else { throw malformed("a dictionary, or one of its values, is missing") }
    containers[index] = .dictionary([])
    for i in stride(from: 0, to: items.count, by: 2) { pairs.append((items[i], items[i + 1])) }
    containers[index] = .dictionary(pairs)
  }

  // MARK: The few calls

  /// `('storage', class, key, device, number of elements)`.
  private func persistent(_ item: Item) throws(CheckpointError) -> StorageReference {
    guard case .tuple(let parts, _) = item, parts.count == 5, case .string("storage") = parts[0],
      case .global(.storage(let type)) = parts[1], case .string(let key) = parts[2], case .int(let count) = parts[4]
    else { throw malformed("a reference to a storage is not what torch writes") }
    let bytes = try storage(key)
    guard count >= 0, let needed = type.byteCount(of: [count]), needed <= bytes.count else {
      throw .truncated(
        file: file, part: "the storage '\(key)' of \(count) elements",
        needed: UInt64(clamping: type.byteCount(of: [max(0, count)]) ?? .max), got: UInt64(bytes.count))
    }
    return StorageReference(
      type: type, bytes: MappedBytes(owner: bytes.owner, offset: bytes.offset, count: needed))
  }

  private mutating func reduce() throws(CheckpointError) {
    guard case .tuple(let arguments, _) = try pop(), case .global(let function) = try pop() else {
      throw malformed("a call is not what torch writes")
    }
    switch function {
    case .orderedDictionary where arguments.isEmpty: make(.dictionary([]))
    case .rebuildTensor: stack.append(.tensor(try tensor(arguments)))
    case .rebuildParameter:
      guard let first = arguments.first, case .tensor = first else { throw malformed("a parameter has no tensor") }
      stack.append(first)
    default: throw malformed("a call is not what torch writes")
    }
  }

  /// Attributes of an ordered dictionary: `_metadata`, versions of modules, which tensors do not need.
  private mutating func build() throws(CheckpointError) {
    _ = try pop()
    guard case .container(let index) = try top(), case .dictionary = containers[index] else {
      throw malformed("only dictionaries may have attributes")
    }
  }
}
