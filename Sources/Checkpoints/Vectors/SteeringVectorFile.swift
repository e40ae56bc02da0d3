public import JSON

/// A steering vector of IBM's activation-steering: `.svec`, one JSON object.
///
/// `{"model_type": ..., "directions": {"LAYER": [numbers]}, "explained_variances": {"LAYER": number}}`, layers 0-based.
/// Source: activation-steering `steering_vector.py` (`SteeringVector.save`).
public struct SteeringVectorFile: Sendable, Equatable {
  /// The `model_type` of the model it is for: `llama`.
  public var modelType: String
  /// The directions by layer, all of one length.
  public var directions: [Int: [Float]]
  /// How much of the variance each direction explains, by layer.
  public var explainedVariances: [Int: Double]
  /// Members that this reader has no use for.
  public private(set) var leftover: [String] = []

  /// A steering vector from its parts.
  public init(modelType: String, directions: [Int: [Float]], explainedVariances: [Int: Double] = [:]) {
    self.modelType = modelType
    self.directions = directions
    self.explainedVariances = explainedVariances
  }

  /// Reads a file.
  public init(reading path: String) throws {
    let json = try JSONReader(JSONValue(parsing: TextFile.read(path), source: path), source: path)
    func layers(_ reader: JSONReader) throws -> [(layer: Int, value: JSONValue)] {
      try reader.object.map { key, value in
        guard let layer = Int(key), layer >= 0, String(layer) == key else {
          throw JSONError.type(key: key, expected: "the number of a layer", got: "'\(key)'", source: reader.source)
        }
        return (layer, value)
      }
    }
    modelType = try json.string("model_type")
    directions = [:]
    let listed = try json.reader("directions")
    var width: Int?
    for (layer, value) in try layers(listed) {
      let numbers = value.array?.compactMap(\.double).map(Float.init) ?? []
      guard !numbers.isEmpty, numbers.count == value.array?.count, width == nil || numbers.count == width else {
        let length = width.map { "\($0) numbers" } ?? "a list of numbers"
        throw JSONError.type(key: "\(layer)", expected: length, got: value.kind, source: listed.source)
      }
      width = numbers.count
      directions[layer] = numbers
    }
    guard !directions.isEmpty else {
      throw JSONError.type(key: "directions", expected: "at least one layer", got: "none", source: path)
    }
    explainedVariances = [:]
    if let variances = try json.reader(ifPresent: "explained_variances") {
      for (layer, _) in try layers(variances) { explainedVariances[layer] = try variances.double("\(layer)") }
    }
    leftover = json.object.keys.filter { !["model_type", "directions", "explained_variances"].contains($0) }
  }

  /// The members of the file, layers ascending.
  public var json: JSONObject {
    var lists: JSONObject = [:]
    for (layer, direction) in directions.sorted(by: { $0.key < $1.key }) {
      lists["\(layer)"] = .array(direction.map { .number(Double($0)) })
    }
    var variances: JSONObject = [:]
    for (layer, variance) in explainedVariances.sorted(by: { $0.key < $1.key }) {
      variances["\(layer)"] = .number(variance)
    }
    return [
      "model_type": .string(modelType), "directions": .object(lists), "explained_variances": .object(variances),
    ]
  }

  /// Writes the file in one step; an existing one is an error unless `overwrite` says otherwise.
  public func write(to path: String, overwrite: Bool = false) throws {
    try TextFile.write(JSONValue.object(json).text, to: path, overwrite: overwrite)
  }
}
