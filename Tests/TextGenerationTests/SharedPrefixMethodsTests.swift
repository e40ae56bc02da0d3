import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import TextGeneration
import Tokenization
import _TestSupport

/// Texts that an adapter edits share what it treats alike, whatever the method and its positions.
@Suite(.engineAlone) struct SharedPrefixMethodsTests {
  /// A primer, a question with its answers, another with the same first answer, and a text that ends in its prompt.
  private static let requests: [ScoringRequest] = [
    .init(prompt: "one primer for all of them: who", completion: " ann"),
    .init(prompt: "one primer for all of them: who", completion: " anna or tom"),
    .init(prompt: "one primer for all of them: who", completion: " ann"),
    .init(prompt: "one primer for all of them: where", completion: " ann"),
    .init(prompt: "one primer", completion: " for all of them: who"),
    .init(prompt: "", completion: "one"),
  ]

  /// An adapter that shows at every place it edits.
  private static func adapter(_ method: Method, at positions: String?, for model: any LanguageModel) throws -> Adapter {
    let places = method.defaultLocations.split(separator: ";").map { location in
      let site = location.prefix { $0 != "@" }
      return positions.map { "\(site)@\($0)" } ?? String(site)
    }
    let random = try RandomSource(seed: 3)
    let plan = Adapter.Plan(
      method: method.name, settings: [:], locations: try Location.list(parsing: places.joined(separator: ";")))
    let adapter = try Adapter(plan, of: method, for: model, using: random)
    for parameter in adapter.parameters {
      let isWide = parameter.tensor.shape.count > 1 && parameter.tensor.size(-1) > 64
      let noise = try random.normal(parameter.tensor.shape, deviation: isWide ? 0.05 : 0.3)
      try parameter.tensor.assign(parameter.tensor.detached() + noise)
    }
    return adapter
  }

  @Test(arguments: InterventionRegistry.standard.methods)
  func `every method at every kind of position gives what each text alone gives`(method: Method) throws {
    try withoutLeaks {
      let model = try TinyModel.load()
      let separate = try Self.requests.reduce(0) {
        try $0 + TinyTokenizer.make().encode($1.prompt + $1.completion).ids.count - 1
      }
      for positions in method.prepends ? [nil] : ["all", "f2+l3", "f2|l3", "generated", "0+-2"] {
        let adapter = try Self.adapter(method, at: positions, for: model)
        // Two routes: every other text goes untouched.
        let routes = try AdapterRoutes([[AdapterUse(adapter)], []])
        var requests = Self.requests + Self.requests
        for i in Self.requests.indices { requests[i].route = 1 }
        for budget in [2048, 11] {
          let scorer = Scorer(model, try TinyTokenizer.make(), limits: BatchLimits(tokens: budget))
          let recorder = Recorder()
          let scores = try scorer.scores(requests) { batch throws(TensorError) in
            var tap = try routes.tap(for: batch)
            tap.place(recorder, at: Site(layer: 1, component: .blockOutput), on: .all)
            return tap
          }
          let rows = recorder.activations.reduce(0) { $0 + $1.size(0) }
          #expect(rows < 2 * separate * 3 / 4, "nothing is shared @\(positions ?? "")")
          var gap = 0.0
          for (request, score) in zip(requests, scores) {
            let alone = try scorer.scores([request]) { batch throws(TensorError) in try routes.tap(for: batch) }[0]
            gap = max(gap, zip(score.tokenLogprobs, alone.tokenLogprobs).reduce(0) { max($0, abs($1.0 - $1.1)) })
          }
          #expect(gap < 5e-5, "@\(positions ?? ""), \(budget) rows a pass")
          let (untouched, edited) = (scores.prefix(Self.requests.count), scores.suffix(Self.requests.count))
          #expect(zip(untouched, edited).contains { abs($0.logprob - $1.logprob) > 1e-3 }, "no edit shows")
        }
      }
    }
  }
}
