import Diagnostics
import JSON
import Testing
import _TestSupport

@testable import TextGeneration

@Suite struct SamplingTests {
  /// Scores with equals among them, the largest twice.
  private let logits: [Float] = [0.5, 3, -1, 3, 2, 2, -4, 0]

  /// What transformers' logits processors do (scripts/goldens/sampling.py); `-inf` is written as null.
  @Test(arguments: [
    ("repetition_penalty 1.3", RepetitionPenalty(1.3) as any LogitStage), ("temperature 0.7", Temperature(0.7)),
    ("top_k 5", TopK(5)), ("top_p 0.8", TopP(0.8)), ("top_p 0.05", TopP(0.05)),
  ])
  func `a stage does to scores what transformers does`(name: String, stage: any LogitStage) throws {
    let golden = try JSONReader(
      JSONValue(parsing: readText(Golden.folder("sampling.json")), source: "sampling.json"), source: "sampling.json")
    func row(_ key: String) throws -> [Float] { try golden.array(key).map { Float($0.double ?? -.infinity) } }
    let seen = Set(try golden.array("seen").compactMap { $0.int.map(Int32.init) })
    var scores = try row("logits")
    let before = scores
    stage.apply(to: &scores, seen: seen)
    #expect(scores != before)
    for (got, expected) in zip(scores, try row(name)) {
      #expect(got == expected || abs(got - expected) <= 1e-6 * abs(expected))
    }
  }

  @Test func `greedy choice and top-k take the first of equals`() {
    #expect(GreedyChoice.token(of: logits) == 1)
    var scores = logits
    TopK(1).apply(to: &scores, seen: [])
    #expect(scores.indices.filter { scores[$0] > -.infinity } == [1])
    scores = logits
    TopK(3).apply(to: &scores, seen: [])
    #expect(scores.indices.filter { scores[$0] > -.infinity } == [1, 3, 4])
  }

  @Test func `top-k keeps what sorting would keep`() {
    var random = UniformSource(seed: 3)
    for count in [1, 2, 7, 100, 1000] {
      let scores = (0..<count).map { _ in Float(Int(random.next() * 50)) }
      for k in [1, 2, 5, count / 2, count - 1, count] where k > 0 {
        let kept = Set(scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }.prefix(k))
        var filtered = scores
        TopK(k).apply(to: &filtered, seen: [])
        #expect(Set(filtered.indices.filter { filtered[$0] > -.infinity }) == kept, "k \(k) of \(count)")
      }
    }
  }

  @Test func `top-p keeps the smallest set that sorting would find`() {
    var random = UniformSource(seed: 4)
    for count in [2, 3, 10, 200] {
      for spread in [0.0, 0.5, 5] {
        let scores = (0..<count).map { _ in Float(random.next() * spread) }
        let weights = Probabilities(of: scores)
        for p in [0.001, 0.1, 0.5, 0.9, 0.999] as [Float] {
          var sum = 0.0
          let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
          let nucleus = order.prefix { token in
            defer { sum += Double(weights.weights[token]) }
            return sum < Double(p) * weights.total
          }
          var filtered = scores
          TopP(p).apply(to: &filtered, seen: [])
          #expect(Set(filtered.indices.filter { filtered[$0] > -.infinity }) == Set(nucleus), "\(count) \(spread) \(p)")
          #expect(!nucleus.isEmpty)
        }
      }
    }
  }

  @Test func `top-k 1 draws what greedy takes`() throws {
    var random = UniformSource(seed: 5)
    var drawn = Sampler(try SamplingOptions(temperature: 1.5, topK: 1), seed: 11, prompt: [])
    var greedy = Sampler(.greedy, seed: 0, prompt: [])
    for _ in 0..<50 {
      let scores = (0..<20).map { _ in Float(random.next()) }
      #expect(drawn.choose(from: scores) == greedy.choose(from: scores))
    }
  }

  @Test func `top-p 1 and temperature 1 leave the scores as they are`() throws {
    var scores = logits
    TopP(1).apply(to: &scores, seen: [])
    Temperature(1).apply(to: &scores, seen: [])
    RepetitionPenalty(1).apply(to: &scores, seen: [0, 1, 2])
    #expect(scores == logits)
    #expect(try SamplingOptions(temperature: 1, topP: 1).stages.isEmpty)
  }

  @Test func `a penalty above 1 lowers seen tokens alone, whatever the sign of their score`() {
    var scores = logits
    RepetitionPenalty(2).apply(to: &scores, seen: [1, 2, 7, 500])
    #expect(scores == [0.5, 1.5, -2, 3, 2, 2, -4, 0])
  }

  @Test func `draws follow the probabilities`() throws {
    let probabilities: [Float] = [0.5, 0.3, 0, 0.2]
    var sampler = Sampler(try SamplingOptions(temperature: 1), seed: 42, prompt: [])
    var counts = [0, 0, 0, 0]
    let logits = probabilities.map { $0 == 0 ? -Float.infinity : Float(Double($0).logarithm) }
    for _ in 0..<10_000 { counts[Int(sampler.choose(from: logits))] += 1 }
    #expect(counts[2] == 0)
    for (count, probability) in zip(counts, probabilities) {
      // Four standard deviations of a binomial count are at most 200.
      #expect(abs(Double(count) - 10_000 * Double(probability)) < 200)
    }
  }

  @Test func `a seed reproduces its draws, another seed draws differently`() throws {
    func draws(_ seed: UInt64) throws -> [Int32] {
      var sampler = Sampler(try SamplingOptions(temperature: 2), seed: seed, prompt: [])
      return (0..<30).map { _ in sampler.choose(from: logits) }
    }
    #expect(try draws(1) == draws(1))
    #expect(try draws(1) != draws(2))
  }

  @Test func `all options out of range are named at once by their flags`() throws {
    let error = try #require(throws: DiagnosticGroup.self) {
      _ = try SamplingOptions(temperature: -1, topK: 0, topP: 1.5, repetitionPenalty: .nan)
    }
    #expect(error.items.count == 4)
    for flag in ["--temperature", "--top-k", "--top-p", "--repetition-penalty"] {
      #expect(error.description.contains(flag))
    }
  }
}

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

extension Double {
  fileprivate var logarithm: Double { log(self) }
}
