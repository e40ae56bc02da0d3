import LanguageModels

extension Target {
  /// Refuses components whose rows have heads.
  ///
  /// - Throws: ``AdapterError/site(method:component:expected:)``.
  func checkRows(method: String) throws(AdapterError) {
    guard !site.component.isPerHead else {
      throw .site(method: method, component: site.component.rawValue, expected: "components without heads")
    }
  }

  /// Refuses components with heads and ranks above the width.
  ///
  /// - Throws: ``AdapterError/site(method:component:expected:)``, ``AdapterError/setting(key:expected:got:method:)``.
  func check(rank: Int, method: String) throws(AdapterError) {
    try checkRows(method: method)
    guard rank <= width else {
      throw .setting(
        key: "rank", expected: "at most the width \(width) of \(site.component.rawValue)", got: "\(rank)",
        method: method)
    }
  }

  /// The width of what the activation was computed from, for methods that stand beside a projection.
  ///
  /// - Throws: ``AdapterError/site(method:component:expected:)``.
  func requiredInputWidth(method: String) throws(AdapterError) -> Int {
    guard let inputWidth else {
      let written = Component.allCases.filter { shape.inputWidth(of: $0) != nil }
      throw .site(
        method: method, component: site.component.rawValue,
        expected: "what a projection writes: \(written.map(\.rawValue).joined(separator: ", "))")
    }
    return inputWidth
  }
}
