import Diagnostics

/// What templates may call, by name. Another name is an error when it is called, as in Jinja: published templates call
/// what few libraries have, in branches that few conversations reach.
enum TemplateLibrary {
  static let functions = byName(globalFunctions)
  static let filters = byName(textFilters + listFilters + orderFilters + valueFilters)
  static let tests = byName(kindTests + comparisonTests)
  /// The methods of all types of value.
  static let methods = byName(textMethods + mapMethods + listMethods + loopMethods)

  /// Two names for one thing are two entries.
  private static func byName(_ functions: [TemplateFunction]) -> [String: TemplateFunction] {
    Dictionary(functions.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }
}

extension TemplateFunction {
  /// The same function under further names.
  func named(_ names: String...) -> [TemplateFunction] {
    [self] + names.map { TemplateFunction($0, parameters, required: required, takesMore: takesMore, body: body) }
  }
}

extension TemplateFunction {
  /// Stands for a name that there is not.
  static func unsupported(_ what: String, _ name: String, _ all: [String: TemplateFunction]) -> TemplateFunction {
    TemplateFunction(name, takesMore: true) { call throws(TokenizerError) in
      throw call.evaluator.unsupported(what, name, all, call.place)
    }
  }
}

extension TemplateEvaluator {
  /// The error for a name that there is not, with those that there are.
  func unsupported(
    _ what: String, _ name: String, _ all: [String: TemplateFunction], _ place: TemplatePlace
  ) -> TokenizerError {
    let remedy = NearestName.remedy(for: name, among: all.keys.sorted())
    return error("the \(what) '\(name)' is not supported", place, remedy: remedy)
  }
}

/// A type of Python's with its methods.
struct PythonType: Sendable {
  /// Those that are supported.
  let methods: [String: TemplateFunction]
  /// Those that are not, which must not be taken for members that are missing.
  let others: Set<String>

  private init(_ methods: [TemplateFunction], others: String) {
    self.methods = Dictionary(methods.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.others = Set(others.split(separator: " ").map(String.init))
  }

  static let string = PythonType(
    TemplateLibrary.textMethods,
    others: """
      casefold center encode expandtabs format_map isascii isdecimal isidentifier isnumeric isprintable istitle ljust \
      maketrans rindex rjust rpartition swapcase translate
      """)
  static let map = PythonType(
    TemplateLibrary.mapMethods, others: "clear fromkeys pop popitem setdefault update")
  static let list = PythonType(
    TemplateLibrary.listMethods, others: "append clear extend insert pop remove reverse sort")
  static let tuple = PythonType(TemplateLibrary.listMethods.filter { $0.name != "copy" }, others: "")
  static let loop = PythonType(TemplateLibrary.loopMethods, others: "changed")
}
