import Foundation
import Diagnostics
import JSON

/// One object of a dataset and the place it stands at.
struct DatasetObject: Sendable {
  let object: JSONObject
  /// `train.jsonl, line 7` for JSON lines, `train.json, item 7` for an array; both counted from one.
  let source: String
}

/// A file of JSON objects: one a line, or one array of them.
enum DatasetFile {
  /// Reads every object of the file.
  ///
  /// A byte order mark, `\r\n` and blank lines are passed over; everything else that is not an object is an error.
  static func objects(at path: String) throws(TaskError) -> [DatasetObject] {
    let bytes = try text(at: path)
    let space: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
    let first = bytes.first { !space.contains($0) }
    let objects = first == UInt8(ascii: "[") ? try items(of: bytes, path) : try lines(of: bytes, path)
    guard !objects.isEmpty else { throw .emptyDataset(path: path) }
    return objects
  }

  /// The bytes of a file of valid UTF-8, without a byte order mark.
  static func text(at path: String) throws(TaskError) -> ArraySlice<UInt8> {
    let bytes = try read(path)
    try checkUTF8(bytes, path)
    return bytes
  }

  private static func read(_ path: String) throws(TaskError) -> ArraySlice<UInt8> {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw .unreadable(path: path, reason: "there is no such file")
    }
    guard !isFolder.boolValue else { throw .unreadable(path: path, reason: "it is a folder, expected a file") }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .unreadable(path: path, reason: "it may not be read")
    }
    let bytes = [UInt8](data)
    return bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
  }

  private static func checkUTF8(_ bytes: ArraySlice<UInt8>, _ path: String) throws(TaskError) {
    guard String(validating: bytes, as: UTF8.self) == nil else { return }
    // A newline is never part of a longer UTF-8 sequence, so that a bad line can be found line by line.
    let bad = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .firstIndex { String(validating: $0, as: UTF8.self) == nil }
    throw .notUTF8(path: path, line: (bad ?? 0) + 1)
  }

  private static func lines(of bytes: ArraySlice<UInt8>, _ path: String) throws(TaskError) -> [DatasetObject] {
    var objects: [DatasetObject] = []
    for (i, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
    where !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) {
      let value = try parse(line, path, lineOffset: i)
      objects.append(try object(value, "\(path), line \(i + 1)"))
    }
    return objects
  }

  private static func items(of bytes: ArraySlice<UInt8>, _ path: String) throws(TaskError) -> [DatasetObject] {
    var objects: [DatasetObject] = []
    for (i, item) in (try parse(bytes, path, lineOffset: 0).array ?? []).enumerated() {
      objects.append(try object(item, "\(path), item \(i + 1)"))
    }
    return objects
  }

  private static func parse(
    _ bytes: ArraySlice<UInt8>, _ path: String, lineOffset: Int
  ) throws(TaskError) -> JSONValue {
    do throws(JSONError) {
      return try JSONValue(parsing: bytes, source: path)
    } catch {
      switch error {
      case .syntax(let problem, _, let line, let column):
        throw .syntax(problem: problem, path: path, line: line + lineOffset, column: column)
      case .duplicateKey(let key, _, let line): throw .duplicateKey(key: key, path: path, line: line + lineOffset)
      case .missing, .type, .unknown: throw .syntax(problem: error.problem, path: path, line: 1 + lineOffset, column: 1)
      }
    }
  }

  private static func object(_ value: JSONValue, _ source: String) throws(TaskError) -> DatasetObject {
    guard let object = value.object else {
      throw .wrongKind(field: "(record)", expected: "an object", got: value.kind, source: source)
    }
    return DatasetObject(object: object, source: source)
  }
}

extension DatasetObject {
  /// A field that must be a string.
  func string(_ field: String) throws(TaskError) -> String {
    guard let value = object[field], !value.isNull else { throw missing("'\(field)'", wanted: [field]) }
    guard let string = value.string else {
      throw .wrongKind(field: field, expected: "a string", got: value.kind, source: source)
    }
    return string
  }

  /// A field that must be a string with at least one character.
  func text(_ field: String) throws(TaskError) -> String {
    let string = try string(field)
    guard !string.isEmpty else { throw .emptyField(field: field, source: source) }
    return string
  }

  /// The error of a field that is not there, naming the present one that was most likely meant.
  func missing(_ expected: String, wanted: [String]) -> TaskError {
    let unknown = object.keys.filter { !wanted.contains($0) }
    let nearest = wanted.lazy.compactMap { NearestName.closest(to: $0, in: unknown) }.first
    return .missingField(expected: expected, found: object.keys, nearest: nearest, source: source)
  }
}
