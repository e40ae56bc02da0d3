public import Diagnostics

/// What can keep an adapter from being converted.
public enum ConversionError: Diagnostic {
  /// No format has this name.
  case unknownFormat(name: String, known: [String])
  /// Nothing that is known lies at the path.
  case undetected(path: String, known: [String])
  /// What lies at the path is read as several formats.
  case ambiguous(path: String, formats: [String])
  /// The file says something that has no equal here.
  case unsupported(key: String, value: String, reason: String, file: String)
  /// The file contradicts itself or its format.
  case malformed(problem: String, file: String)
  /// The file lacks a tensor that its format has.
  case missingTensor(name: String, file: String)
  /// A tensor is not of the shape that the model or the rest of the file asks for.
  case tensorShape(name: String, expected: String, got: [Int], file: String)
  /// A tensor holds NaN or infinity.
  case notFinite(name: String, file: String)
  /// The format has no word for what the adapter is.
  case notExpressible(format: String, what: String, reason: String)
  /// A setting of `--set` that is not what it must be.
  case setting(key: String, expected: String, got: String)
  /// Settings that neither format asks for.
  case unusedSettings(keys: [String], known: [String])
  /// Parts of the source that the result does not hold.
  case leftover(items: [String], source: String)

  public var problem: String {
    switch self {
    case .unknownFormat(let name, _): "unknown format '\(name)'"
    case .undetected: "no known format of adapters was found"
    case .ambiguous(_, let formats): "this could be \(formats.joined(separator: " or "))"
    case .unsupported(let key, let value, let reason, _): "'\(key)' is \(value), which is not supported: \(reason)"
    case .malformed(let problem, _): problem
    case .missingTensor(let name, _): "the tensor '\(name)' is missing"
    case .tensorShape(let name, let expected, let got, _): "the tensor '\(name)' must be \(expected), got \(got)"
    case .notFinite(let name, _): "the tensor '\(name)' holds NaN or infinity"
    case .notExpressible(let format, let what, let reason): "\(format) cannot hold \(what): \(reason)"
    case .setting(let key, let expected, let got): "'\(key)' must be \(expected), got \(got)"
    case .unusedSettings(let keys, _): "settings that nobody asks for: \(keys.joined(separator: ", "))"
    case .leftover(let items, _): "the result would not hold: \(items.joined(separator: "; "))"
    }
  }

  public var location: String {
    switch self {
    case .unknownFormat: "--from, --to"
    case .undetected(let path, _), .ambiguous(let path, _): path
    case .unsupported(_, _, _, let file), .malformed(_, let file), .missingTensor(_, let file),
      .tensorShape(_, _, _, let file), .notFinite(_, let file), .leftover(_, let file):
      file
    case .notExpressible: "--to"
    case .setting, .unusedSettings: "--set"
    }
  }

  public var remedy: String? {
    switch self {
    case .unknownFormat(let name, let known): NearestName.remedy(for: name, among: known)
    case .undetected(_, let known): "say what it is with --from: \(known.joined(separator: ", "))"
    case .ambiguous: "say which with --from"
    case .unsupported, .setting: nil
    case .malformed, .missingTensor: "check that all files of the adapter are there and belong together"
    case .tensorShape: "check that the adapter was made for this model"
    case .notFinite: "do not use this adapter: its training failed"
    case .notExpressible: "choose another format, or keep swift-reft's own"
    case .unusedSettings(let keys, let known):
      known.isEmpty ? "leave them out" : NearestName.remedy(for: keys[0], among: known)
    case .leftover: "if the adapter means the same without them, say --allow-leftover"
    }
  }
}
