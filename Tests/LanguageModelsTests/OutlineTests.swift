import Checkpoints
import Diagnostics
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// A model without its weights.
@Suite(.engineAlone) struct Outlines {
  @Test(arguments: TinyModel.names)
  func `an outline has the sizes, sites and projections of the model, and reads no weight`(name: String) throws {
    let checkpoint = try TinyModel.checkpoint(name)
    let outline = try ModelRegistry.standard.outline(of: checkpoint)
    let model = try TinyModel.load(name)
    #expect(outline.shape == model.shape)
    #expect(outline.parameterCount == model.parameterCount)
    #expect(outline.components == model.components)
    #expect((outline.isCausal, outline.scoresVocabulary) == (model.isCausal, model.scoresVocabulary))
    for component in model.components {
      let (ours, theirs) = (
        outline.projection(reading: component, layer: 0), model.projection(reading: component, layer: 0)
      )
      #expect(ours?.weightName == theirs?.weightName)
      #expect(try ours?.weight.shape == theirs?.weight.shape)
      #expect(try ours?.weight.norm().item() ?? 0 == 0)
    }
  }
}
