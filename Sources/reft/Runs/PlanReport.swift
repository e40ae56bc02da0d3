import Foundation
import Interventions
import JSON
import LanguageModels
import Pretrained
import Recipes
import Tokenization
import Training

/// What a recipe will do, in words: layers, positions, heads, parameters, and the very tokens that are edited.
struct PlanReport {
  private let run: TrainingRun
  /// Examples whose tokens are shown.
  private static let shown = 3

  private let trunk: TrunkPlan?

  init(_ run: TrainingRun) throws {
    self.run = run
    trunk = try run.trunk()
  }

  var text: String {
    let adapter = run.adapter
    let share = Double(adapter.parameterCount) / Double(run.model.model.parameterCount) * 100
    var lines = [
      "method      \(adapter.plan.method) \(JSONValue.object(adapter.plan.settings).text)",
      "locations   \(adapter.plan.locations.line)"
        + (adapter.plan.rule == .exact ? "" : " (ends cut as \(adapter.plan.rule.rawValue) does)"),
      "modules     \(modules)",
    ]
    if let departure { lines.append("note        \(departure)") }
    lines += [
      "parameters  \(adapter.parameterCount) (\(String(format: "%.4f", share))% of \(run.model.model.parameterCount))",
      "examples    \(run.training.count) for training, \(run.validation.count) for validation",
      "steps       \(steps)",
    ]
    if let trunk { lines.append("trunk       \(trunk.line)") }
    lines += [
      "",
      "Edited tokens of the first examples, in brackets; the loss is taken on what follows »:",
    ]
    for example in run.training.prefix(Self.shown) {
      lines.append("\(example.source): " + marked(example))
    }
    return lines.joined(separator: "\n")
  }

  var json: JSONValue {
    [
      "method": .string(run.adapter.plan.method), "settings": .object(run.adapter.plan.settings),
      "locations": .string(run.adapter.plan.locations.line), "positions": .string(run.adapter.plan.rule.rawValue),
      "modules": .integer(run.adapter.parts.count),
      "parameters": .integer(run.adapter.parameterCount), "model_parameters": .integer(run.model.model.parameterCount),
      "train": .integer(run.training.count), "validation": .integer(run.validation.count),
      "trunk": trunk?.json ?? .null,
      "examples": .array(
        run.training.prefix(Self.shown).map { example in
          [
            "source": .string(example.source), "tokens": .integer(example.tokens.count),
            "prompt_tokens": .integer(example.promptLength),
            "edited": .array(edited(example).map(JSONValue.integer)),
          ]
        }),
    ]
  }

  func print(asJSON: Bool) {
    if asJSON { Console.print(json) } else { Console.print(text) }
  }

  /// What the method's paper does not do.
  private var departure: String? {
    func editsGenerated(_ positions: Positions) -> Bool {
      positions.ranges(promptLength: 1).contains { $0.upperBound > 1 }
    }
    guard let method = try? InterventionRegistry.standard.method(run.adapter.plan.method),
      let usual = try? Location.list(parsing: method.defaultLocations),
      !usual.contains(where: { editsGenerated($0.positions) }), !run.adapter.prepends,
      run.adapter.parts.contains(where: { editsGenerated($0.positions) })
    else { return nil }
    return "generated tokens are edited too, a departure from \(method.reference)"
  }

  /// `30 modules: layers 0 to 29 of block_output`, with the heads where some are chosen.
  private var modules: String {
    let parts = run.adapter.parts
    let layers = Set(parts.map(\.target.site.layer)).count
    let heads = parts.compactMap { $0.target.heads?.count }
    let chosen = heads.isEmpty ? "" : ", \(heads.reduce(0, +)) heads"
    let sides = parts.contains { $0.side != .both } ? " x {first, last}" : ""
    return "\(parts.count): \(layers) layers\(sides)\(chosen)"
  }

  private var steps: String {
    let perStep = run.settings.batchSize * run.settings.accumulation
    let perEpoch = (run.training.count + perStep - 1) / perStep
    return "\(perEpoch * run.settings.epochs): \(run.settings.epochs) epochs of \(perEpoch), \(perStep) examples each"
  }

  private func edited(_ example: TrainingExample) -> [Int] {
    run.adapter.editedPositions(promptLength: example.promptLength, length: example.tokens.count)
  }

  private func marked(_ example: TrainingExample) -> String {
    let edited = Set(edited(example))
    return example.tokens.enumerated().map { i, token in
      let piece = run.model.tokenizer.decode([token]).replacingLineBreaks
      let mark = i == example.firstLabel ? "»" : ""
      return mark + (edited.contains(i) ? "[\(piece)]" : piece)
    }.joined()
  }
}

extension TrunkPlan {
  fileprivate var json: JSONValue {
    let place: JSONValue =
      switch decision {
      case .memory: "memory"
      case .disk: "disk"
      case .none: .null
      }
    return [
      "site": .string(site.description), "blocks": .integer(blocks), "tokens": .integer(rows),
      "bytes": .integer(bytes), "kept_in": place,
    ]
  }
}

extension String {
  /// Line breaks as a visible sign, so that an example stays on its line.
  var replacingLineBreaks: String { split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "⏎") }
}
