import Interventions
import JSON
import LanguageModels
import Pretrained
import Tensors
import Training

extension JSONReader {
  /// `model`, opened on `device` (the CPU if nothing is said) to compute in `dtype` (float32), its matrices in the form of `weights`.
  func openModel(weights usual: String = "plain") throws -> PretrainedModel {
    let (device, dtype) = try place()
    let weights = try WeightForm.resolve(string(ifPresent: "weights") ?? usual, on: device, dtype: dtype)
    return try PretrainedModel.open(string("model"), device: device, dtype: dtype, weights: weights)
  }

  /// `device` and `dtype`.
  func place() throws -> (device: Device, dtype: DType) {
    let device = try Device.resolve(string(ifPresent: "device") ?? "cpu")
    return (device, try DType.resolve(string(ifPresent: "dtype") ?? "float32", on: device))
  }

  /// Token ids under a key.
  func tokens(_ key: String) throws -> [Int32] { try array(key).compactMap(\.int).map(Int32.init) }

  /// The objects of an array.
  func readers(_ key: String) throws -> [JSONReader] {
    try array(key).enumerated().map { try JSONReader($1, source: "\(source), \(key) \($0 + 1)") }
  }

  /// `examples`: token ids and where the response begins.
  func examples() throws -> [TrainingExample] {
    try readers("examples").map {
      TrainingExample(tokens: try $0.tokens("tokens"), promptLength: try $0.int("prompt"), source: $0.source)
    }
  }

  /// `method`, `settings` and `locations` as a new adapter of a model.
  func adapter(for model: any LanguageModel, seed: UInt64 = 42) throws -> Adapter {
    let (plan, method) = try plan(for: model)
    return try Adapter(plan, of: method, for: model, using: RandomSource(seed: seed, on: model.device))
  }

  /// The same as it comes back from a file.
  func savedAdapter(for model: any LanguageModel, seed: UInt64) throws -> Adapter {
    let (plan, method) = try plan(for: model)
    let saved = try adapter(for: model, seed: seed).saved()
    return try Adapter(plan, of: method, for: model, restoring: saved, source: source)
  }

  private func plan(for model: any LanguageModel) throws -> (plan: Adapter.Plan, method: Method) {
    let method = try InterventionRegistry.standard.method(string("method"))
    let plan = Adapter.Plan(
      method: method.name, settings: try reader(ifPresent: "settings")?.object ?? [:],
      locations: try string(ifPresent: "locations").map(Location.list(parsing:)) ?? method.locations(in: model))
    return (plan, method)
  }
}
