import Diagnostics
import JSON

/// Reads the settings of one stage of tokenizer.json, with errors that name the stage.
struct StageReader {
  let reader: JSONReader
  /// What the stage is called in errors: "normalizer", "pre_tokenizer".
  let stage: String

  var source: String { reader.source }

  init(_ value: JSONValue, stage: String, source: String) throws(TokenizerError) {
    do { reader = try JSONReader(value, source: "\(source), '\(stage)'") } catch { throw .document(error) }
    self.stage = stage
  }

  func type() throws(TokenizerError) -> String { try string("type") }

  func string(_ key: String) throws(TokenizerError) -> String {
    do { return try reader.string(key) } catch { throw .document(error) }
  }
  func string(ifPresent key: String) throws(TokenizerError) -> String? {
    do { return try reader.string(ifPresent: key) } catch { throw .document(error) }
  }
  func bool(_ key: String, default value: Bool) throws(TokenizerError) -> Bool {
    do { return try reader.bool(ifPresent: key) ?? value } catch { throw .document(error) }
  }
  func int(_ key: String, default value: Int) throws(TokenizerError) -> Int {
    do { return try reader.int(ifPresent: key) ?? value } catch { throw .document(error) }
  }
  func int(_ key: String) throws(TokenizerError) -> Int {
    do { return try reader.int(key) } catch { throw .document(error) }
  }
  func int(ifPresent key: String) throws(TokenizerError) -> Int? {
    do { return try reader.int(ifPresent: key) } catch { throw .document(error) }
  }
  func array(_ key: String) throws(TokenizerError) -> [JSONValue] {
    do { return try reader.array(key) } catch { throw .document(error) }
  }
  func child(_ key: String) throws(TokenizerError) -> StageReader {
    do { return try StageReader(reader: reader.reader(key), stage: "\(stage).\(key)") } catch { throw .document(error) }
  }

  private init(reader: JSONReader, stage: String) {
    self.reader = reader
    self.stage = stage
  }

  /// The parts of a `Sequence`, each made by `make`.
  func parts<Part>(
    _ key: String, _ make: (StageReader) throws(TokenizerError) -> Part
  ) throws(TokenizerError) -> [Part] {
    var parts: [Part] = []
    for (i, value) in try array(key).enumerated() {
      parts.append(try make(StageReader(value, stage: "\(stage)[\(i)]", source: outerSource)))
    }
    return parts
  }

  private var outerSource: String {
    let suffix = ", '\(stage)'"
    return source.hasSuffix(suffix) ? String(source.dropLast(suffix.count)) : source
  }

  func unknown(_ type: String, supported: [String]) -> TokenizerError {
    .unknownType(stage: stage, type: type, supported: supported, source: source)
  }

  func unsupported(_ setting: String, _ value: String, supported: String) -> TokenizerError {
    .unsupportedSetting(stage: stage, setting: setting, value: value, supported: supported, source: source)
  }

  /// The `pattern` of Split and Replace: `{"String": "x"}` or `{"Regex": "x"}`.
  func pattern() throws(TokenizerError) -> TextPattern {
    let pattern = try child("pattern")
    if let literal = try pattern.string(ifPresent: "String") { return .literal(Array(literal.utf8)) }
    if let regex = try pattern.string(ifPresent: "Regex") { return .regex(try Pattern(regex, source: source)) }
    throw .document(.missing(key: "String", source: pattern.source, nearest: nil))
  }
}
