public import Interventions
public import LanguageModels

/// What the formats share while one adapter goes from one to the other.
public struct ConversionContext {
  /// The model that the adapter belongs to; sizes and names alone are used, so an outline is enough.
  public let model: any LanguageModel
  /// Who the model is, as our own format remembers it.
  public let base: BaseModel
  /// Where the model's linear maps lie in its checkpoint.
  let paths: ModulePaths
  /// Whether an adapter of our own format must have been trained on these very weights.
  let checkingWeights: Bool
  /// What became of every key.
  public var report = ConversionReport()
  private var given: [String: String]
  private var asked: [String] = []

  /// What is known before anything is read.
  ///
  /// - Parameters:
  ///   - tensors: the names in the model's checkpoint.
  ///   - settings: what the user says about things that the source format does not say.
  public init(
    model: any LanguageModel, base: BaseModel, tensors: [String], settings: [String: String] = [:],
    checkingWeights: Bool = true
  ) {
    self.model = model
    self.base = base
    self.checkingWeights = checkingWeights
    given = settings
    paths = ModulePaths(of: model, tensors: tensors)
  }

  /// A setting that the source does not hold: as the user gives it, else its default; the report says which.
  mutating func setting(_ key: String, default standard: String) -> String {
    asked.append(key)
    if let value = given.removeValue(forKey: key) {
      report.note(missing: key, "\(value), as given")
      return value
    }
    report.note(missing: key, "\(standard), assumed; say otherwise with --set \(key)=...")
    return standard
  }

  /// A setting that the source may leave to the user; `nil` where it is not given.
  mutating func setting(_ key: String) -> String? {
    asked.append(key)
    guard let value = given.removeValue(forKey: key) else { return nil }
    report.note(missing: key, "\(value), as given")
    return value
  }

  /// A setting out of a list of words.
  mutating func setting(_ key: String, default standard: String, among words: [String]) throws(ConversionError)
    -> String
  {
    let value = setting(key, default: standard)
    guard words.contains(value) else {
      throw .setting(key: key, expected: "one of \(words.joined(separator: ", "))", got: "'\(value)'")
    }
    return value
  }

  /// Refuses settings that no format asked for.
  func checkSettings() throws(ConversionError) {
    guard given.isEmpty else {
      throw .unusedSettings(keys: given.keys.sorted(), known: Array(Set(asked)).sorted())
    }
  }
}
