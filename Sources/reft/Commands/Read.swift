import ArgumentParser
import Charts
import Checkpoints
import Diagnostics
import Fitting
import Foundation
import Interventions
import JSON
import LanguageModels
import Pretrained
import Tokenization

/// `reft read`: how much of a concept is in each token.
struct Read: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Read a concept in a text: the projection of every token on fitted vectors, layer by layer (RepE).",
    discussion: """
      reft fit  --model M --data pairs.jsonl --method steering --output adapters/honesty
      reft read --model M --adapter adapters/honesty --text "I never took the money."
      A score is counted from the mean of the texts that the vector was fitted on, in deviations of theirs; more is more of
      what their positive texts have. ReFT-r1 reads by its own detector: the largest score of a text says whether the concept is there
      (axbench). --svg draws a map of layers and tokens. The first token of a text is often far off: many
      models use it as a sink of attention.
      """)

  @OptionGroup var model: ModelOptions

  @Option(help: "A folder of a steering, conditional or reft_r1 adapter.")
  var adapter: String

  @Flag(help: "Accept an adapter that was made for other weights of the same shape.")
  var otherWeights = false

  @Option(help: "The text.")
  var text: String

  @Option(help: "Layers to read, such as 10..14; all that the adapter has without.")
  var layers = "all"

  @Option(help: "Draw a map into this file.")
  var svg: String?

  @Flag(help: "Replace the drawing if it is there.")
  var overwrite = false

  @Flag(help: "Print as JSON.")
  var json = false

  func run() throws {
    let selection = try Location(parsing: "\(layers).block_output").layers
    let opened = try model.open()
    let loaded = try Adapter.load(adapter, for: opened.model, base: opened.base, checkingWeights: !otherWeights).adapter
    let chosen = Set(try selection.resolved(layers: opened.model.shape.layers))
    let ids = opened.tokenizer.encode(text).ids
    guard !ids.isEmpty else { throw FittingError.emptyText(source: "--text") }
    guard ids.count <= opened.model.shape.contextLength else {
      throw FittingError.tooLong(tokens: ids.count, limit: opened.model.shape.contextLength, source: "--text")
    }
    let scores = try Self.scores(loaded, ids, opened.model).filter { chosen.contains($0.site.layer) }
    guard !scores.isEmpty else {
      throw InputError.usage(
        problem: "the adapter has no vector at the layers \(layers)", remedy: "see reft inspect \(adapter)")
    }
    let tokens = ids.map { opened.tokenizer.token(of: $0) ?? "#\($0)" }
    if let svg { try TextFile.write(map(scores).svg, to: svg, overwrite: overwrite) }
    if json { return Console.print(Self.json(tokens, scores)) }
    Console.print(Self.table(tokens, scores).render(.plain), terminator: "")
  }

  /// One number a token, by one vector of an adapter.
  private typealias Scores = (site: Site, tokens: [Double])

  private static func scores(_ adapter: Adapter, _ ids: [Int32], _ model: any LanguageModel) throws -> [Scores] {
    if adapter.parts.contains(where: { $0.intervention is any ConceptDetecting }) {
      let found = try adapter.conceptScores(of: TokenBatch(prompts: [ids]), in: model)[0]
      return zip(adapter.parts, found).map { part, score in
        // What is not looked at, the first token by default, has none of it.
        var tokens = [Double](repeating: 0, count: ids.count)
        for (position, latent) in zip(score.positions, score.latents) { tokens[position] = Double(latent) }
        return (part.target.site, tokens)
      }
    }
    let reader = try RepresentationReader(of: adapter, model: model)
    return zip(reader.vectors.map(\.site), try reader.scores(of: ids)).map { (site: $0, tokens: $1) }
  }

  private func map(_ scores: [Scores]) throws -> HeatMap {
    try HeatMap(
      title: "What \(adapter.split(separator: "/").last.map(String.init) ?? adapter) reads", measure: "score",
      values: scores.map(\.tokens), rowLabel: "vector", columnLabel: "token")
  }

  private static func json(_ tokens: [String], _ scores: [Scores]) -> JSONValue {
    [
      "tokens": .array(tokens.map(JSONValue.string)),
      "scores": .array(
        scores.map { site, row in
          [
            "site": .string(site.description), "largest": .number(row.max() ?? 0),
            "scores": .array(row.map(JSONValue.number)),
          ]
        }),
    ]
  }

  /// A token a line: the mean over the vectors, and each of them.
  private static func table(_ tokens: [String], _ scores: [Scores]) -> TextTable {
    var table = TextTable(
      [.init("token"), .init("mean", .right)] + scores.map { .init("\($0.site.layer)", .right) })
    for (i, token) in tokens.enumerated() {
      let row = scores.map { $0.tokens[i] }
      let mean = row.reduce(0, +) / Double(row.count)
      table.add([token] + ([mean] + row).map { String(format: "%.2f", $0) })
    }
    return table
  }
}
