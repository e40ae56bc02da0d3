extension TemplateLibrary {
  static let mapMethods: [TemplateFunction] = [
    TemplateFunction("items") { call throws(TokenizerError) in
      .lazy(try map(call).pairs, .view)
    },
    TemplateFunction("keys") { call throws(TokenizerError) in
      .lazy(try map(call).members.map(\.key), .view)
    },
    TemplateFunction("values") { call throws(TokenizerError) in .lazy(try map(call).members.map(\.value), .view) },
    TemplateFunction("copy") { call throws(TokenizerError) in call.subject },
    TemplateFunction("get", ["key", "default"], required: 1) { call throws(TokenizerError) in
      try map(call)[call["key"] ?? .none] ?? call["default"] ?? .none
    },
  ]

  static let listMethods: [TemplateFunction] = [
    TemplateFunction("copy") { call throws(TokenizerError) in call.subject },
    TemplateFunction("count", ["value"], required: 1) { call throws(TokenizerError) in
      .integer(try positions(call).count)
    },
    TemplateFunction("index", ["value"], required: 1) { call throws(TokenizerError) in
      guard let index = try positions(call).first else { throw call.error("\(call.shown) does not find its value") }
      return .integer(index)
    },
  ]

  static let loopMethods: [TemplateFunction] = [
    TemplateFunction("cycle", takesMore: true) { call throws(TokenizerError) in
      guard case .loop(let state) = call.subject, !call.more.positional.isEmpty else {
        throw call.error("\(call.shown) needs values to choose from")
      }
      return call.more.positional[state.index % call.more.positional.count]
    }
  ]

  private static func map(_ call: TemplateCall) throws(TokenizerError) -> TemplateMap {
    guard case .map(let map) = call.subject else { throw call.unfit() }
    try call.spend(map.members.count)
    return map
  }

  /// Where a list holds a value.
  private static func positions(_ call: TemplateCall) throws(TokenizerError) -> [Int] {
    let wanted = call["value"] ?? .none
    var found: [Int] = []
    for (i, item) in try call.items().enumerated() where try call.evaluator.equal(item, wanted, call.place) {
      found.append(i)
    }
    return found
  }
}
