public import Checkpoints
public import JSON
public import Tensors
public import Testing

/// What a reference implementation computed: inputs, outputs and measured tolerances, made by `scripts/goldens`.
public struct Golden {
  public let facts: JSONReader
  public let folder: String
  private let tensors: [String: StoredTensor]

  /// `Tests/Goldens/<name>`.
  public init(_ name: String, file: String = #filePath) throws {
    folder = Self.folder(name, file: file)
    let text = try readText("\(folder)/golden.json")
    facts = try JSONReader(JSONValue(parsing: text, source: "\(name)/golden.json"), source: "\(name)/golden.json")
    let stored = try SafetensorsFile("\(folder)/golden.safetensors").tensors
    tensors = Dictionary(uniqueKeysWithValues: stored.map { ($0.name, $0) })
  }

  public static func folder(_ name: String, file: String = #filePath) -> String {
    let parts = file.split(separator: "/", omittingEmptySubsequences: false)
    let tests = parts[...(parts.lastIndex(of: "Tests") ?? 0)].joined(separator: "/")
    return "\(tests)/Goldens/\(name)"
  }

  public var names: [String] { tensors.keys.sorted() }
  public func has(_ name: String) -> Bool { tensors[name] != nil }

  public func stored(_ name: String) throws -> StoredTensor {
    try #require(tensors[name], "the golden has no tensor '\(name)'; it has \(names)")
  }

  public func floats(_ name: String) throws -> [Float] {
    let tensor = try stored(name)
    return try tensor.floats()
  }

  public func tensor(_ name: String) throws -> Tensor {
    try Tensor(floats(name), shape: stored(name).shape)
  }

  public func ids(_ name: String) throws -> [Int32] {
    try stored(name).readIntegers().map(Int32.init)
  }

  public func indices(_ name: String) throws -> [Int] {
    try stored(name).readIntegers().map(Int.init)
  }

  public func integers(_ key: String) throws -> [Int] { try facts.array(key).compactMap(\.int) }

  /// 4 x the gap between the reference in float32 and in float64, measured when the golden was made.
  public func tolerance(_ name: String) throws -> Double { try facts.reader("tolerances").double(name) }

  /// The largest absolute difference from the golden of that name; every element is compared.
  public func difference(_ tensor: Tensor, from name: String) throws -> Double {
    let expected = try floats(name)
    let got = try tensor.values(as: Float.self)
    try #require(got.count == expected.count, "\(name): expected \(expected.count) numbers, got \(got.count)")
    return zip(got, expected).reduce(0) { max($0, abs(Double($1.0) - Double($1.1))) }
  }

  /// Checks a whole tensor against the golden within its measured tolerance.
  public func expect(
    _ tensor: Tensor, equals name: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let gap = try difference(tensor, from: name)
    let limit = try tolerance(name)
    #expect(gap <= limit, "\(name): largest difference \(gap), tolerance \(limit)", sourceLocation: sourceLocation)
  }

  /// The negative control: a deliberately wrong tensor must not pass.
  public func expectDiffers(
    _ tensor: Tensor, from name: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let gap = try difference(tensor, from: name)
    let limit = try tolerance(name)
    #expect(gap > limit * 10, "\(name): a wrong result differs by only \(gap)", sourceLocation: sourceLocation)
  }
}
