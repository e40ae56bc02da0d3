import ArgumentParser
import Checkpoints
import Interventions
import JSON
import Pretrained

/// `reft combine`: makes one adapter of several.
struct Combine: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make one adapter that does what several do side by side, each with a weight.",
    discussion: """
      reft combine --model M --adapter A --weight 0.7 --adapter B --weight 0.3 --output C
      reft combine --model M --adapter A --weight=-1 --output AWAY
      Exact or refused: constant edits of any method become steering vectors; LoRAs join their ranks, so do DiReFTs; REDs add up.
      Adapters of any methods can act one after the other instead: reft generate --adapter A --adapter B.
      """)

  @OptionGroup var model: ModelOptions

  @Option(help: "An adapter folder; several are added up.")
  var adapter: [String]

  @Option(
    parsing: .unconditionalSingleValue, help: "What each adapter counts, in their order, or once for all (default: 1).")
  var weight: [Double] = []

  @Option(help: "The adapter folder to write.")
  var output: String

  @Flag(help: "Accept an adapter that was trained on other weights of the same shape.")
  var otherWeights = false

  @Flag(help: "Replace the output folder if it is there.")
  var overwrite = false

  @Flag(help: "Print the result as JSON.")
  var json = false

  func run() throws {
    try OutputFolder.check(output, overwrite: overwrite, marks: ["adapter.json"])
    guard weight.count <= 1 || weight.count == adapter.count else {
      throw InputError.usage(
        problem: "\(weight.count) weights for \(adapter.count) adapters",
        remedy: "give --weight once for all of them, or once for each in their order")
    }
    let opened = try model.open()
    let base = try opened.base
    let terms = try adapter.enumerated().map { i, path in
      (
        adapter: try Adapter.load(path, for: opened.model, base: base, checkingWeights: !otherWeights).adapter,
        weight: weight.isEmpty ? 1 : weight[min(i, weight.count - 1)]
      )
    }
    let sum = try Adapter.sum(terms, for: opened.model)
    let description = AdapterDescription(
      plan: sum.plan, base: base, parameterCount: sum.parameterCount, seed: 0,
      training: [
        "combined": .array(
          zip(adapter, terms).map { ["adapter": .string($0), "weight": .number($1.weight)] })
      ])
    try sum.save(to: output, description, overwrite: overwrite)
    if json {
      Console.print([
        "output": .string(output), "method": .string(sum.plan.method), "locations": .string(sum.plan.locations.line),
      ])
    } else {
      Console.print(output)
    }
  }
}
