import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// Trainable parameters as the papers print them: part E of the sources' table, line by line.
///
/// The ReFT paper counts R as d r, leaves heads of tasks out, and gives percentages of the base model for its own methods; those of
/// adapters, LoRA and DoRA it took over from LLM-Adapters and DoRA, where they are trainable / (base + trainable).
@Suite(.engineAlone) struct ParameterCounts {
  struct Line: Sendable, CustomTestStringConvertible {
    let method: String
    var settings: JSONObject = [:]
    let places: String
    /// The number that papers and repositories print, or that follows from their formula.
    var count: Int?
    /// Percent as printed.
    var percent: String?
    /// Whether percent means of base and trained numbers together.
    var ofBoth = false
    /// Whether the places are those of one layer, which stands for all.
    var isOneLayer = false
    var testDescription: String { "\(method) \(JSONValue.object(settings).text) at \(places)" }
  }

  /// A method of the LLM-Adapters and DoRA tables; one layer is enough to know the others.
  private static func oneLayer(
    _ method: String, _ settings: JSONObject = [:], at components: [String], count: Int? = nil, _ percent: String
  ) -> Line {
    Line(
      method: method, settings: settings, places: components.map { "0.\($0)" }.joined(separator: ";"), count: count,
      percent: percent, ofBoth: true, isOneLayer: true)
  }

  private static func fiveMaps(_ method: String, rank: Int, count: Int? = nil, _ percent: String) -> Line {
    oneLayer(
      method, ["rank": .integer(rank)], at: ["query", "key", "value", "mlp_up", "mlp_output"], count: count, percent)
  }

  private static func series(count: Int? = nil, _ percent: String) -> Line {
    oneLayer("series_adapter", at: ["attention_output", "mlp_output"], count: count, percent)
  }

  private static func parallel(count: Int? = nil, _ percent: String) -> Line {
    oneLayer("parallel_adapter", at: ["mlp_up", "mlp_output"], count: count, percent)
  }

  static let table: [(model: PublishedModel, lines: [Line])] = [
    (
      .llama7B,
      [
        Line(
          method: "loreft", settings: ["rank": 8], places: "all.block_output@f7+l7", count: 2_097_408, percent: ".031"),
        // Instruction following (Llama-2-7B): both ends apart, rank 4; half of that where the ends are tied.
        Line(
          method: "loreft", settings: ["rank": 4], places: "3,9,18,24.block_output@f5|l5", count: 262_176,
          percent: ".0039"),
        Line(
          method: "loreft", settings: ["rank": 4], places: "3,9,18,24.block_output@f5+l5", count: 131_088,
          percent: ".0019"),
        Line(method: "loreft", settings: ["rank": 4], places: "15.block_output@l1", count: 32_772),
        Line(
          method: "direft", settings: ["rank": 8], places: "all.block_output@f7+l7", count: 2_097_408, percent: ".031"),
        Line(
          method: "noreft", settings: ["rank": 8, "projection_bias": true], places: "all.block_output@f7+l7",
          count: 32 * (2 * 4096 * 8 + 2 * 8)),
        Line(method: "consreft", settings: ["rank": 8], places: "all.block_output@f7+l7", count: 32 * (4096 * 8 + 8)),
        Line(method: "lobireft", settings: ["rank": 8], places: "all.block_output@f7+l7", count: 32 * (4096 * 8 + 8)),
        Line(method: "prefix_tuning", settings: ["tokens": 10], places: "all.key;all.value", percent: ".039"),
        Line(method: "lofit", places: "all.head_attention_value_output[0]", count: 4096),
        Line(method: "lofit", places: "all.head_attention_value_output[0,1,2]", count: 12_288),
        Line(method: "lora", places: "all.query;all.value", count: 4_194_304),
        Line(method: "red", places: "all.mlp_output", count: 262_144, percent: ".0039"),
        series(count: 134_217_728, "1.953"),
        parallel(count: 247_463_936, "3.542"),
        fiveMaps("lora", rank: 32, count: 56_098_816, ".826"),
        fiveMaps("dora", rank: 16, count: 28_925_952, ".427"),
        fiveMaps("dora", rank: 32, count: 56_975_360, ".838"),
      ]
    ),
    (
      .llama13B,
      [
        Line(
          method: "loreft", settings: ["rank": 8], places: "all.block_output@f7+l7", count: 3_277_120, percent: ".025"),
        Line(
          method: "direft", settings: ["rank": 8], places: "all.block_output@f7+l7", count: 3_277_120, percent: ".025"),
        Line(method: "prefix_tuning", settings: ["tokens": 10], places: "all.key;all.value", percent: ".031"),
        Line(
          method: "lofit", places: "0..39.head_attention_value_output[0];0..7.head_attention_value_output[1]",
          count: 6144),
        Line(method: "lofit", places: "all.head_attention_value_output[0,1,2,3]", count: 20_480),
        Line(method: "red", places: "all.mlp_output", count: 409_600),
        series(count: 209_715_200, "1.586"),
        parallel(count: 387_973_120, "2.894"),
        fiveMaps("lora", rank: 32, ".670"),
        fiveMaps("dora", rank: 16, ".347"),
        fiveMaps("dora", rank: 32, ".681"),
      ]
    ),
    (
      .llama3_8B,
      [
        Line(
          method: "loreft", settings: ["rank": 8], places: "all.block_output@f7+l7", count: 2_097_408, percent: ".026"),
        fiveMaps("lora", rank: 32, ".700"),
        fiveMaps("dora", rank: 16, ".361"),
        fiveMaps("dora", rank: 32, ".710"),
      ]
    ),
    (
      .robertaBase,
      [
        Line(method: "loreft", settings: ["rank": 1], places: "all.block_output@f1", count: 18_444, percent: ".015"),
        Line(method: "red", places: "all.mlp_output", count: 18_432),
      ]
    ),
    (
      .robertaLarge,
      [Line(method: "loreft", settings: ["rank": 1], places: "all.block_output@f1", count: 49_176, percent: ".014")]
    ),
  ]

  @Test(arguments: table.indices)
  func `trainable parameters are those of the papers`(row: Int) throws {
    let scratch = try ScratchFolder()
    let (published, lines) = Self.table[row]
    let model = try published.outline(in: scratch)
    for line in lines {
      let adapter = try Adapter(
        .init(method: line.method, settings: line.settings, locations: Location.list(parsing: line.places)),
        of: InterventionRegistry.standard.method(line.method), for: model, using: RandomSource(seed: 1))
      let count = adapter.parameterCount * (line.isOneLayer ? model.shape.layers : 1)
      if let expected = line.count { #expect(count == expected, "\(published.name): \(line.testDescription)") }
      if let expected = line.percent {
        let whole = Double(model.parameterCount + (line.ofBoth ? count : 0))
        let percent = 100 * Double(count) / whole
        #expect(
          percent.printed(like: expected) == expected,
          "\(published.name): \(line.testDescription), \(percent)")
      }
    }
  }
}

extension Double {
  /// With as many digits behind the point as another number has, without a zero before it: `.031`.
  fileprivate func printed(like other: String) -> String {
    let digits = other.drop { $0 != "." }.count - 1
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let number = Int((self * Double(scale)).rounded())
    let digitsBehind = String(number % scale)
    let whole = number / scale == 0 ? "" : "\(number / scale)"
    return "\(whole).\(String(repeating: "0", count: digits - digitsBehind.count))\(digitsBehind)"
  }
}
