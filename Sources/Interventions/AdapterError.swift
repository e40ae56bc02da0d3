public import Diagnostics

/// What can be wrong with a method's settings or with an adapter.
public enum AdapterError: Diagnostic {
  /// No method has this name.
  case unknownMethod(name: String, known: [String])
  /// A setting outside its range.
  case setting(key: String, expected: String, got: String, method: String)
  /// The method does not act at this component.
  case site(method: String, component: String, expected: String)
  /// The file lacks a tensor that the method has.
  case missingTensor(name: String, source: String, found: [String])
  /// A saved tensor is not of the shape that the method has in this model.
  case tensorShape(name: String, expected: [Int], got: [Int], source: String)
  /// A saved tensor holds NaN or infinity.
  case notFinite(name: String, source: String)
  /// The file holds tensors that no part of the adapter takes.
  case leftoverTensors(names: [String], source: String)
  /// The adapter belongs to another model.
  case otherModel(difference: String, source: String)
  /// adapter.json says something this version cannot read.
  case schema(problem: String, source: String)
  /// Two adapters put rows before the same sequence.
  case twoPrefixes(methods: [String])
  /// No adapter does what these do side by side.
  case notSummable(methods: [String], reason: String)
  /// The adapter has no exact equal among changes of the weights.
  case notMergeable(method: String, reason: String)
  /// After folding, the model no longer computes what the tapped one did.
  case mergeDisagrees(largestDifference: Double, tolerance: Double)
  /// Names that no part of the rank has.
  case unknownSubspaces(names: [String], known: [String])
  /// A file of head choices is not usable.
  case headFile(problem: String, source: String)

  public var problem: String {
    switch self {
    case .unknownMethod(let name, _): "unknown method '\(name)'"
    case .setting(let key, let expected, let got, _): "'\(key)' must be \(expected), got \(got)"
    case .site(let method, let component, let expected):
      "\(method) does not act on \(component): it acts on \(expected)"
    case .missingTensor(let name, _, _): "the tensor '\(name)' is missing"
    case .tensorShape(let name, let expected, let got, _): "the tensor '\(name)' must be \(expected), got \(got)"
    case .notFinite(let name, _): "the tensor '\(name)' holds NaN or infinity"
    case .leftoverTensors(let names, _): "tensors that nobody reads: \(names.joined(separator: ", "))"
    case .otherModel(let difference, _): "the adapter belongs to another model: \(difference)"
    case .schema(let problem, _): problem
    case .twoPrefixes(let methods): "\(methods.joined(separator: " and ")) both put rows before the sequence"
    case .notSummable(let methods, let reason):
      "\(methods.joined(separator: " and ")) cannot be combined into one adapter: \(reason)"
    case .notMergeable(let method, let reason): "\(method) cannot be folded into the weights: \(reason)"
    case .mergeDisagrees(let difference, let tolerance):
      "the folded model's logits differ from the tapped model's by \(difference), more than \(tolerance)"
    case .unknownSubspaces(let names, let known):
      known.isEmpty
        ? "the adapter has no subspaces, so none can be chosen: \(names.joined(separator: ", "))"
        : "unknown \(names.count == 1 ? "subspace" : "subspaces") \(names.map { "'\($0)'" }.joined(separator: ", "))"
    case .headFile(let problem, _): problem
    }
  }

  public var location: String {
    switch self {
    case .unknownMethod: "method"
    case .setting(_, _, _, let method): "method \(method)"
    case .site: "locations"
    case .missingTensor(_, let source, _), .tensorShape(_, _, _, let source), .notFinite(_, let source),
      .leftoverTensors(_, let source), .otherModel(_, let source), .schema(_, let source), .headFile(_, let source):
      source
    case .twoPrefixes, .notSummable: "adapters"
    case .notMergeable, .mergeDisagrees: "merge"
    case .unknownSubspaces: "subspaces"
    }
  }

  public var remedy: String? {
    switch self {
    case .unknownMethod(let name, let known): NearestName.remedy(for: name, among: known)
    case .setting, .site: nil
    case .missingTensor(_, _, let found): found.isEmpty ? nil : "the file has: \(found.joined(separator: ", "))"
    case .tensorShape, .leftoverTensors: "check that adapter.json and adapter.safetensors belong together"
    case .notSummable:
      "give them one after the other: `reft generate --adapter A --adapter B --strength 0.5 --strength 1`"
    case .twoPrefixes: "use one of them; other methods can be combined with it in any order"
    case .notFinite: "train again with a lower learning rate; do not use this adapter"
    case .otherModel: "load the model that adapter.json names under 'base'"
    case .schema: "use a version of reft that wrote this adapter, or train again"
    case .notMergeable: "keep the adapter beside the model: `reft generate --adapter` applies it at run time"
    case .mergeDisagrees: "this is a fault worth reporting; nothing was written"
    case .unknownSubspaces(let names, let known):
      known.isEmpty
        ? "train one with the setting 'subspaces', or leave the choice out"
        : names.first.map { NearestName.remedy(for: $0, among: known) }
    case .headFile: "write [[layer, head], ...] as JSON, or a NumPy file of shape [K, 2]"
    }
  }
}
