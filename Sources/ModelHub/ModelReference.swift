/// Where a model is: on this machine, or on the Hub.
public enum ModelReference: Sendable, Equatable {
  /// A folder or file that exists.
  case path(String)
  /// A model of the Hub.
  case hub(HubModel)

  /// What exists here is a path; what cannot be a path but can be a name of the Hub is one.
  ///
  /// - Throws: ``HubError/neitherPathNorName(_:)``.
  public init(_ text: String) throws(HubError) {
    if FilePlace.exists(text) {
      self = .path(text)
    } else if let model = HubModel(text) {
      self = .hub(model)
    } else {
      throw .neitherPathNorName(text)
    }
  }

  /// What the model is called in tables: the last part of its name, without `.gguf`.
  public var name: String {
    switch self {
    case .hub(let model): return model.name
    case .path(let path):
      let last = path.split(separator: "/").last.map(String.init) ?? path
      return last.hasSuffix(".gguf") ? String(last.dropLast(5)) : last
    }
  }
}
