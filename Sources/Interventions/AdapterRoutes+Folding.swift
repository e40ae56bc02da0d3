public import LanguageModels
import Tensors

extension AdapterRoutes {
  /// Puts the adapters of a run into the model's weights where that is exact, so that no pass computes them.
  ///
  /// All adapters of a list fold, or none does. They stay edits where sequences go different ways, where one of them has no exact
  /// fold (``Merge``), where the model computes in less than float32, whose weights would round the change away, and where it
  /// would have to keep matrices as floats that it keeps as they are stored, which costs more than the edit.
  ///
  /// - Parameter ways: the route of each sequence of the run.
  /// - Returns: the model of the run and the edits that are left, under the same routes.
  public func folded(
    into model: any LanguageModel, going ways: [Int]
  ) throws -> (model: any LanguageModel, routes: AdapterRoutes) {
    guard let way = ways.first, ways.allSatisfy({ $0 == way }), routes[way].contains(where: { $0.strength != 0 }),
      model.embeddingTable.dtype == .float32
    else { return (model, self) }
    do {
      let changed = try model.replacing(model.projections(folding: routes[way], keepingStored: true))
      return (changed, AdapterRoutes(trusting: routes.map { _ in [] }))
    } catch AdapterError.notMergeable {
      return (model, self)
    }
  }
}
