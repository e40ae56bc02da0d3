import Foundation
import JSON
import Testing
import Tokenization

/// Where the fixtures of this room lie.
let fixtures = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

/// A fixture as JSON.
func fixture(_ name: String) throws -> JSONValue {
  try JSONValue(parsing: Data(contentsOf: fixtures.appending(path: name)), source: name)
}

/// One pipeline around the model of a golden file, and what Hugging Face `tokenizers` makes of lines with it.
struct GoldenPipeline: CustomTestStringConvertible, Sendable {
  struct Line: Sendable {
    let text: String
    let ids: [TokenID]
    let offsets: [Range<Int>]
    let decoded: String
    let skipped: String
  }

  let name: String
  /// The tokenizer.json.
  let document: JSONValue
  let lines: [Line]

  var testDescription: String { name }

  static func all(in file: String) throws -> [GoldenPipeline] {
    let root = try fixture(file)
    return (root["cases"]?.array ?? []).map { value in
      var model = root["model"]?.object ?? [:]
      for (key, change) in value["model"]?.object ?? [:] { model[key] = change }
      var document = value["stages"]?.object ?? [:]
      document["model"] = .object(model)
      return GoldenPipeline(
        name: "\(file): \(value["name"]?.string ?? "?")", document: .object(document),
        lines: (value["lines"]?.array ?? []).map(Line.init))
    }
  }
}

extension GoldenPipeline.Line {
  fileprivate init(_ value: JSONValue) {
    text = value["text"]?.string ?? ""
    ids = value["ids"]?.array?.compactMap { $0.int.map(TokenID.init) } ?? []
    let ends = value["offsets"]?.array?.compactMap(\.int) ?? []
    offsets = stride(from: 0, to: ends.count, by: 2).map { ends[$0]..<ends[$0 + 1] }
    decoded = value["decoded"]?.string ?? text
    skipped = value["skipped"]?.string ?? text
  }
}

/// Whether two strings are the same scalars; `==` holds `é` in one and in two scalars for equal.
func same(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }
