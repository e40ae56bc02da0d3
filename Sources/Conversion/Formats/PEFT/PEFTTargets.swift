import Foundation
import Interventions
import JSON
import LanguageModels

/// Which modules a configuration of peft names: a list of ends of paths, a regular expression, or all linear maps.
///
/// Source: peft 0.13.2 `tuners/tuners_utils.py`, `check_target_module_exists`.
struct PEFTTargets {
  private enum Selection {
    case all
    case list([String])
    case expression(NSRegularExpression)
  }

  private let selection: Selection
  private let excluded: [String]
  private let layers: Set<Int>?

  init(_ configuration: inout PEFTConfiguration) throws {
    let file = configuration.file
    func words(_ key: String, _ value: JSONValue) throws -> [String] {
      guard let items = value.array?.map(\.string), items.allSatisfy({ $0 != nil }) else {
        throw JSONError.type(key: key, expected: "a list of strings", got: value.kind, source: file)
      }
      return items.compactMap { $0 }
    }
    switch configuration.value("target_modules") {
    case nil:
      throw ConversionError.malformed(problem: "'target_modules' is missing", file: file)
    case .string("all-linear"): selection = .all
    case .string(let pattern):
      guard let expression = try? NSRegularExpression(pattern: "^(?:\(pattern))$") else {
        throw ConversionError.unsupported(
          key: "target_modules", value: "'\(pattern)'", reason: "it is no regular expression that is known here",
          file: file)
      }
      selection = .expression(expression)
    case let value?: selection = .list(try words("target_modules", value))
    }
    excluded = try configuration.value("exclude_modules").map { try words("exclude_modules", $0) } ?? []
    switch configuration.value("layers_to_transform") {
    case nil: layers = nil
    case .integer(let layer): layers = [layer]
    case let value?:
      guard let items = value.array?.map(\.int), items.allSatisfy({ $0 != nil }) else {
        throw JSONError.type(
          key: "layers_to_transform", expected: "a whole number or a list of them", got: value.text, source: file)
      }
      layers = Set(items.compactMap { $0 })
    }
  }

  /// Whether a module of this path is meant.
  func contains(_ path: String, layer: Int?) -> Bool {
    func ends(_ word: String) -> Bool { path == word || path.hasSuffix("." + word) }
    if excluded.contains(where: ends) { return false }
    switch selection {
    case .all: return true
    case .expression(let expression):
      return expression.firstMatch(in: path, range: NSRange(path.startIndex..., in: path)) != nil
    case .list(let words):
      guard words.contains(where: ends) else { return false }
      guard let layers, let layer else { return true }
      return words.contains(path) || layers.contains(layer)
    }
  }
}

/// `rank_pattern` and `alpha_pattern`: the first key of both that is the end of a path counts for both.
///
/// Source: peft 0.13.2 `tuners/lora/model.py`, `_create_and_replace`.
struct PEFTPatterns {
  private let ranks: JSONReader?
  private let alphas: JSONReader?

  init(_ configuration: inout PEFTConfiguration) throws {
    ranks = try configuration.reader("rank_pattern")
    alphas = try configuration.reader("alpha_pattern")
  }

  /// The rank and alpha for a module, `nil` where the patterns do not say.
  func values(for path: String) throws -> (rank: Int?, alpha: Double?) {
    let keys = (ranks?.object.keys ?? []) + (alphas?.object.keys ?? [])
    let key = keys.first { key in
      path == key || path.range(of: ".*\\.\(key)$", options: .regularExpression)?.lowerBound == path.startIndex
    }
    guard let key else { return (nil, nil) }
    return (try ranks?.int(ifPresent: key), try alphas?.double(ifPresent: key))
  }
}
