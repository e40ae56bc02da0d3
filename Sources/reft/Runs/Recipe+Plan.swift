import Fitting
import Interventions
import JSON
import LanguageModels
import Recipes
import Tokenization

extension Recipe {
  /// The method with its settings, locations and rule of positions; `heads` and `top` of the method section name a ranking
  /// that chooses heads.
  func plan(
    of method: Interventions.Method, in model: any LanguageModel, tokenizer: Tokenizer
  ) throws -> Adapter.Plan {
    var settings = self.method.configuration
    for key in ["heads", "top"] { settings[key] = nil }
    // A soft prompt that begins as a text: methods know tokens alone.
    if let text = settings["start_text"]?.string {
      settings["start_text"] = nil
      settings["start_tokens"] = .array(tokenizer.encode(text, addSpecialTokens: false).ids.map { .integer(Int($0)) })
    }
    return Adapter.Plan(
      method: method.name, settings: settings,
      locations: try rankedLocations() ?? locations.map(Location.list(parsing:)) ?? method.locations(in: model),
      rule: Positions.Rule(rawValue: positions.rawValue) ?? .exact)
  }

  /// The layers whose outputs the representation objective compares.
  func comparedLayers(of model: any LanguageModel) throws -> [Int] {
    let count = model.shape.layers
    // 10, 12, ..., 20 of 32 in the reference.
    guard let text = objective.layers else {
      return Array(stride(from: count * 10 / 32, through: count * 20 / 32, by: 2))
    }
    return try Location(parsing: "\(text).block_output").layers.resolved(layers: count)
  }

  /// The best heads of the ranking that the method section names; nil where it names none.
  private func rankedLocations() throws -> [Location]? {
    let (heads, top) = (setting("heads"), setting("top"))
    guard let heads else {
      guard let top else { return nil }
      throw refused("top", expected: "given together with 'heads'", got: top)
    }
    guard let path = heads.string else {
      throw refused("heads", expected: "the path of a ranking (.json or .npy)", got: heads)
    }
    guard locations == nil else {
      throw InputError.usage(
        problem: "both 'locations' and 'method.heads' say which heads are trained",
        remedy: "leave out one of them (--set locations= or --set method.heads=)")
    }
    let ranking = try HeadRanking(reading: path)
    guard let top else { return ranking.locations(top: ranking.heads.count) }
    let expected = "between 1 and the \(ranking.heads.count) heads of \(path), or a share of them such as 0.1 or 10%"
    guard let chosen = try? HeadCount(top.string ?? top.text), let count = try? chosen.number(of: ranking.heads.count)
    else { throw refused("top", expected: expected, got: top) }
    return ranking.locations(top: count)
  }

  /// A setting of the method that is there and not null.
  private func setting(_ key: String) -> JSONValue? {
    guard let value = method.configuration[key], !value.isNull else { return nil }
    return value
  }

  private func refused(_ key: String, expected: String, got: JSONValue) -> AdapterError {
    .setting(key: key, expected: expected, got: got.text, method: method.name)
  }
}
