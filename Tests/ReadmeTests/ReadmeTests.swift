import Foundation
import Testing
import _TestSupport

import Interventions
import Pretrained
import Tensors
import TextGeneration

/// The library example of the README, compiled: the test below holds its text against the README's.
enum ReadmeSnippet {
  static func run() throws {
    // snippet begins
    let model = try PretrainedModel.open("model.gguf", device: .cpu)
    let base = try BaseModel(of: model.checkpoint, model.model)
    let adapter = try Adapter.load("adapters/loreft", for: model.model, base: base).adapter
    let stop = StopConditions(endTokens: model.endTokens, maximumNewTokens: 8)
    let answers = try Generator(model.model, model.tokenizer).generate(
      ["Anna's brother Tom called his son Max. How is Max related to Anna? Max is Anna's\n"], until: stop,
      edits: { batch throws(TensorError) in try adapter.tap(for: batch) })
    print(answers[0].text)
    // snippet ends
  }
}

@Suite struct ReadmeTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  @Test func `the library example of the README is the code that compiles here`() throws {
    let readme = try readText(Self.root.path + "/README.md")
    let source = try readText(#filePath)
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
    let first = try #require(lines.firstIndex { $0.hasSuffix("// snippet begins") })
    let last = try #require(lines.firstIndex { $0.hasSuffix("// snippet ends") })
    let snippet = lines[(first + 1)..<last].map { String($0.dropFirst(4)) }.joined(separator: "\n")
    #expect(readme.contains(snippet))
  }

  @Test func `every path that the documents name is there`() throws {
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "NOTATION.md"] {
      let text = try readText(Self.root.path + "/" + document)
      for match in text.matches(of: #/(?:Sources|scripts|recipes|Tests)/[A-Za-z0-9_/+.\-]+[A-Za-z0-9]/#) {
        let path = String(match.output)
        guard !path.contains("X.swift"), !path.contains("x.py") else { continue }
        #expect(FileManager.default.fileExists(atPath: Self.root.path + "/" + path), "\(document) names \(path)")
      }
    }
  }

  /// A row of docs/traps.md ends with the name of a test and its file below Tests.
  @Test func `every test that docs/traps.md names is in the file that it names`() throws {
    let page = try readText(Self.root.path + "/docs/traps.md")
    let rows = page.split(separator: "\n").filter {
      $0.hasPrefix("|") && !$0.contains("---") && !$0.contains("| trap |")
    }
    for row in rows {
      let parts = row.split(separator: "|", omittingEmptySubsequences: false).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      guard parts.count == 6, let test = parts[3].wholeMatch(of: #/`([^`]+)`/#) else {
        Issue.record("a row is trap, what we do, `test`, file: \(row)")
        continue
      }
      let source = try readText(Self.root.path + "/Tests/" + parts[4])
      #expect(source.contains("func \(test.output.0)("), "\(parts[4]) has no test \(test.output.0)")
    }
    #expect(rows.count > 100)
  }
}
