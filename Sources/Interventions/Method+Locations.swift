public import LanguageModels

extension Method {
  /// Where the method acts in a model when the user does not say: its default locations, without components that the model
  /// does not have (the gate of a plain network).
  public func locations(in model: any LanguageModel) throws(LocationError) -> [Location] {
    try Location.list(parsing: defaultLocations).filter { model.components.contains($0.component) }
  }
}
