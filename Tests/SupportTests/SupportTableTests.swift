import Charts
import Checkpoints
import Conversion
import Foundation
import Interventions
import JSON
import LanguageModels
import Layers
import Testing
import Tokenization
import _TestSupport

/// The table of what is supported, made of what the code registers and of what the goldens hold it to.
///
/// `REFT_WRITE_TABLES=1 swift test --filter SupportTable` writes docs/SUPPORTED.md; without it the file must be what would be
/// written.
@Suite(.engineAlone) struct SupportTable {
  private let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  @Test func `docs/SUPPORTED.md says what the code registers, and every architecture is held to its reference`() throws
  {
    let text = try document()
    print(text)
    let file = checkout.appending(path: "docs/SUPPORTED.md")
    if ProcessInfo.processInfo.environment["REFT_WRITE_TABLES"] == "1" {
      try Data(text.utf8).write(to: file)
    }
    #expect(try readText(file.path) == text, "run REFT_WRITE_TABLES=1 swift test --filter SupportTable")
  }

  private func document() throws -> String {
    """
    # What is supported

    Printed by the tests (`swift test --filter SupportTable`) from the registries of the code: do not edit by hand.

    ## Architectures

    "Held by" names the folders of `Tests/Goldens` with a tiny random checkpoint and what transformers computes from it: the
    whole tensors of logits, of every site, and a gradient.

    \(try architectures())
    Rotary scalings (`rope_scaling`): \(RotaryScaling.kinds.joined(separator: ", ")).

    Sites of every architecture (`mlp_gate` where the network has a gate): \(try sites()).

    ## Methods

    Each is one file of `Sources/Interventions/Methods`; `reft methods NAME` prints its settings. What folds does so where it acts
    at every position.

    \(try methods())
    ## Files

    \(files())
    ## Adapters of other libraries

    What `reft convert` reads and writes.

    \(adapters())
    ## Tokenizers

    \(tokenizers())
    In the patterns of `Split` and `Replace`: \(TokenizerStages.patterns).

    ## Chat templates

    \(templates())
    """
  }

  private func architectures() throws -> String {
    var table = TextTable([
      .init("model_type"), .init("what it is"), .init("kind"), .init("a folded bias is written as"), .init("held by"),
    ])
    let goldens = try goldens()
    for architecture in ModelRegistry.standard.architectures {
      let held = goldens.filter { architecture.modelTypes.contains($0.type) }
      #expect(!held.isEmpty, "no golden holds \(architecture.summary) to its reference")
      guard let first = held.first else { continue }
      let model = try TinyModel.load(first.name)
      table.add([
        architecture.modelTypes.joined(separator: ", "), architecture.summary, model.isCausal ? "decoder" : "encoder",
        try held.map { try folded($0) }.uniqued.joined(separator: ", "), held.map(\.name).joined(separator: ", "),
      ])
    }
    return table.render(.markdown)
  }

  /// The `model_type` that carries a bias of the attention's output projection.
  private func folded(_ golden: (name: String, type: String)) throws -> String {
    let model = try TinyModel.load(golden.name)
    guard let companions = try model.biasCompanions(reading: .headOutput) else { return "-" }
    return companions.configuration["model_type"]?.string ?? "itself"
  }

  /// The goldens that hold a checkpoint, and its `model_type`.
  private func goldens() throws -> [(name: String, type: String)] {
    let folder = checkout.appending(path: "Tests/Goldens").path
    return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().compactMap { name in
      guard let text = try? readText("\(folder)/\(name)/config.json") else { return nil }
      let type = try JSONValue(parsing: text, source: name)["model_type"]?.string
      return type.map { (name, $0) }
    }
  }

  private func sites() throws -> String {
    try TinyModel.load().components.sorted().map { "`\($0.rawValue)`" }.joined(separator: ", ")
  }

  private func methods() throws -> String {
    var table = TextTable([
      .init("method"), .init("what it does"), .init("source"), .init("where by itself"), .init("begins as identity"),
      .init("folds"),
    ])
    for method in InterventionRegistry.standard.methods {
      table.add([
        method.name, method.summary, method.reference, method.defaultLocations,
        method.startsAsIdentity ? "yes" : "", method.isMergeable ? "yes" : "",
      ])
    }
    return table.render(.markdown)
  }

  private func files() -> String {
    var table = TextTable([.init("format"), .init("types of tensors"), .init("architectures")])
    table.add(["safetensors, single or sharded", SupportedFiles.safetensors.joined(separator: ", "), "all"])
    table.add([
      "GGUF v2, v3", SupportedFiles.gguf.joined(separator: ", "),
      SupportedFiles.ggufArchitectures.joined(separator: ", "),
    ])
    return table.render(.markdown)
  }

  private func adapters() -> String {
    var table = TextTable([.init("format"), .init("files and methods")])
    for format in AdapterFormats.all { table.add([format.name, format.summary]) }
    return table.render(.markdown)
  }

  private func tokenizers() -> String {
    var table = TextTable([.init("stage"), .init("kinds")])
    for stage in TokenizerStages.supported { table.add([stage.name, stage.kinds.joined(separator: ", ")]) }
    return table.render(.markdown)
  }

  private func templates() -> String {
    var table = TextTable([.init("construct"), .init("names")])
    for constructs in ChatTemplate.supported {
      table.add([constructs.kind, constructs.names.joined(separator: ", ")])
    }
    return table.render(.markdown)
  }
}

extension [String] {
  /// Each element once, in order of first appearance.
  fileprivate var uniqued: [String] { reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }
}
