import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

@testable import Training

/// What every registered method that is trained must do, from the registry alone.
@Suite(.engineAlone) struct EveryMethod {
  private let model: any LanguageModel
  init() throws { model = try TinyModel.load() }

  /// What is fitted to activations has nothing to train.
  private static let trained = InterventionRegistry.standard.methods.filter { method in
    (try? Toy.adapter(plan(of: method), TinyModel.load()))?.parameters.isEmpty == false
  }

  private static func plan(of method: Method) throws -> Adapter.Plan {
    Adapter.Plan(method: method.name, settings: [:], locations: try Location.list(parsing: method.defaultLocations))
  }

  private func trainer(_ adapter: Adapter) throws -> Trainer {
    // Seven epochs of three steps.
    try Trainer(
      model: model, adapter: adapter, training: Toy.examples(12), settings: Toy.settings(epochs: 7))
  }

  @Test func `there are methods to train, and others`() {
    #expect(Self.trained.count >= 10)
    #expect(Self.trained.count <= InterventionRegistry.standard.methods.count)
  }

  @Test(arguments: trained)
  func `twenty steps lower the loss`(method: Method) throws {
    try withoutLeaks {
      let adapter = try Toy.adapter(Self.plan(of: method), model)
      let before = try trainer(adapter).meanLoss(Toy.examples(12))
      var diary = Diary()
      #expect(try trainer(adapter).follow { diary.note($0) } == .finished)
      let after = try trainer(adapter).meanLoss(Toy.examples(12))
      #expect(diary.losses.count == 21)
      #expect(after < 0.95 * before, "from \(before) to \(after)")
    }
  }

  @Test(arguments: trained)
  func `a resumed run is the uninterrupted one, bit for bit`(method: Method) throws {
    let scratch = try ScratchFolder()
    let plan = try Self.plan(of: method)
    let adapter = try Toy.adapter(plan, model)
    let whole = try trainer(adapter)
    var (diary, past) = (Diary(), Diary())
    _ = try whole.follow {
      diary.note($0)
      guard diary.losses.count == 8, past.losses.isEmpty else { return }
      past = diary
      try whole.save(to: scratch("state"))
    }
    let saved = try SavedRun(reading: scratch("state"))
    let again = try Toy.adapter(saved, adapter.plan, model)
    let resumed = try trainer(again)
    try resumed.resume(saved)
    var rest = Diary()
    _ = try resumed.follow { rest.note($0) }
    #expect(past + rest == diary)
    #expect(try again.numbers() == adapter.numbers())
  }
}
