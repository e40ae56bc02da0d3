import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

@testable import Training

/// On a GPU every number that the host asks for is a wait for all work before it; an update asks once, at its end.
@Suite(.engineAlone) struct WaitingTests {
  /// What decides on the host by numbers of the device: which latents are the largest.
  private static let waiting = ["reft_r1"]

  private static let trained = InterventionRegistry.standard.methods.filter { method in
    !waiting.contains(method.name)
      && (try? Toy.adapter(plan(of: method), TinyModel.load()))?.parameters.isEmpty == false
  }

  private static func plan(of method: Method) throws -> Adapter.Plan {
    Adapter.Plan(method: method.name, settings: [:], locations: try Location.list(parsing: method.defaultLocations))
  }

  /// How often an epoch of some updates asks for numbers.
  private func questions(_ method: Method, updates: Int, pieceTokens: Int) throws -> Int {
    let model = try TinyModel.load()
    let adapter = try Toy.adapter(Self.plan(of: method), model)
    let trainer = try Trainer(
      model: model, adapter: adapter, training: Toy.examples(12),
      settings: Toy.settings(epochs: 1, batchSize: 12 / updates, microBatchTokens: pieceTokens))
    return try Engine.profile { _ = try trainer.follow { _ in } }.first { $0.name == "reft_copy_out" }?.calls ?? 0
  }

  @Test(arguments: trained)
  func `an update asks for numbers once, however many pieces it has`(method: Method) throws {
    let one = try questions(method, updates: 1, pieceTokens: 2048)
    // A budget of one token makes every example a piece of its own.
    #expect(try questions(method, updates: 1, pieceTokens: 1) == one)
    #expect(try questions(method, updates: 4, pieceTokens: 2048) == one + 3)
  }

  @Test(arguments: waiting)
  func `a method that asks for more is seen`(name: String) throws {
    let method = try InterventionRegistry.standard.method(name)
    #expect(
      try questions(method, updates: 1, pieceTokens: 1) > questions(method, updates: 1, pieceTokens: 2048))
  }
}
