import Checkpoints
import Diagnostics
import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// Settings that are wrong: each is one error that names the method and the key.
@Suite(.engineAlone) struct BadSettings {
  private func make(_ method: String, _ settings: JSONObject) throws {
    let registry = InterventionRegistry.standard
    let plan = Adapter.Plan(
      method: method, settings: settings,
      locations: try Location.list(parsing: registry.method(method).defaultLocations))
    _ = try Adapter(plan, of: registry.method(method), for: TinyModel.load(), using: RandomSource(seed: 1))
  }

  @Test(arguments: [("lorft", "loreft"), ("LoReFT", "loreft"), ("lo-fit", "lofit")])
  func `an unknown method is an error that offers the nearest`(name: String, nearest: String) throws {
    let error = try thrown(AdapterError.self) { _ = try InterventionRegistry.standard.method(name) }
    #expect(error == .unknownMethod(name: name, known: InterventionRegistry.standard.methods.map(\.name)))
    #expect(error.description.contains("unknown method '\(name)'") && error.description.contains("'\(nearest)'?"))
  }

  @Test(arguments: InterventionRegistry.standard.methods.map(\.name))
  func `an unknown setting of any method is an error that names the valid ones`(method: String) throws {
    let error = try thrown(JSONError.self) { try make(method, ["no_such_setting": 1]) }
    guard case .unknown("no_such_setting", "method \(method)", let valid) = error else {
      Issue.record("\(error)")
      return
    }
    let complete = try InterventionRegistry.standard.method(method).settings(JSONReader(JSONObject(), source: ""))
    #expect(valid.sorted() == complete.keys.sorted())
  }

  @Test(arguments: [("loreft", "rnak", "rank"), ("loreft", "drop_out", "dropout"), ("lofit", "prat", "part")])
  func `a slip in a setting's name is put right`(method: String, key: String, nearest: String) throws {
    let error = try thrown(JSONError.self) { try make(method, [key: 1]) }
    #expect(error.description.contains("unknown key '\(key)' (method \(method))"))
    #expect(error.description.contains("did you mean '\(nearest)'?"))
  }

  private static let kinds: [(String, String, JSONValue, String, String)] = [
    ("loreft", "rank", "8", "a whole number", "a string"),
    ("loreft", "rank", 2.5, "a whole number", "a number"), ("loreft", "rank", true, "a whole number", "a boolean"),
    ("loreft", "dropout", "none", "a number", "a string"), ("loreft", "activation", 3, "a string", "a whole number"),
    (
      "loreft", "activation", "rellu", "one of linear, relu, silu, gelu, tanh, sigmoid, gelu_pytorch_tanh",
      "'rellu' (did you mean 'relu'?)"
    ),
    ("lofit", "part", "biass", "one of scale, bias, both", "'biass' (did you mean 'bias'?)"),
    ("lofit", "deviation", [1], "a number", "an array"), ("jola", "scale_penalty", "none", "a number", "a string"),
    ("series_adapter", "bottleneck", 2.5, "a whole number", "a number"),
    ("parallel_adapter", "start", "zeros", "one of bert, zero", "'zeros' (did you mean 'zero'?)"),
    ("parallel_adapter", "biases", 1, "true or false", "a whole number"),
    ("full", "biases", "own!", "one of own, all, none", "'own!' (did you mean 'own'?)"),
  ]

  @Test(arguments: kinds)
  func `a setting of another kind is an error that says which`(
    method: String, key: String, value: JSONValue, expected: String, got: String
  ) {
    expect(JSONError.type(key: key, expected: expected, got: got, source: "method \(method)")) {
      try make(method, [key: value])
    }
  }

  private static let ranges: [(String, String, JSONValue, String, String)] = [
    ("loreft", "rank", 0, "above zero", "0"), ("loreft", "rank", -1, "above zero", "-1"),
    ("loreft", "rank", 33, "at most the width 32 of block_output", "33"),
    ("loreft", "rank", .integer(.max), "at most the width 32 of block_output", "\(Int.max)"),
    ("loreft", "dropout", 1, "in 0..<1", "1.0"), ("loreft", "dropout", -0.1, "in 0..<1", "-0.1"),
    ("loreft", "dropout", .number(.nan), "in 0..<1", "nan"),
    ("lofit", "deviation", -1e-3, "at least zero", "-0.001"),
    ("lofit", "deviation", .number(.infinity), "at least zero", "inf"),
    ("series_adapter", "bottleneck", 0, "above zero", "0"), ("series_adapter", "dropout", 1, "in 0..<1", "1.0"),
    ("parallel_adapter", "scaling", 0, "a number other than zero", "0.0"),
    ("parallel_adapter", "scaling", .number(.nan), "a number other than zero", "nan"),
    ("jola", "bias_penalty", -1, "at least zero", "-1.0"), ("jola", "deviation", .number(.nan), "at least zero", "nan"),
  ]

  @Test(arguments: ranges)
  func `a setting out of range is an error that says the range`(
    method: String, key: String, value: JSONValue, expected: String, got: String
  ) throws {
    let error = try thrown(AdapterError.self) { try make(method, [key: value]) }
    #expect(error == .setting(key: key, expected: expected, got: got, method: method))
    #expect(error.description == "'\(key)' must be \(expected), got \(got) (method \(method))")
  }
}

/// Places that the model does not have.
@Suite(.engineAlone) struct BadPlaces {
  private func make(_ method: String, _ locations: [Location]) throws {
    let registry = InterventionRegistry.standard
    _ = try Adapter(
      .init(method: method, settings: [:], locations: locations), of: registry.method(method), for: TinyModel.load(),
      using: RandomSource(seed: 1))
  }

  @Test func `a layer or head out of range is an error that names the range`() throws {
    let layer = try thrown(LocationError.self) { try make("loreft", Location.list(parsing: "0..3.block_output")) }
    #expect(layer == .layerOutOfRange(layer: 3, layers: 3, text: "0..3"))
    #expect(layer.description.contains("layers 0 to 2"))
    let place = "0.head_attention_value_output[1,4]@all"
    let head = try thrown(LocationError.self) { try make("lofit", Location.list(parsing: place)) }
    #expect(head == .headOutOfRange(head: 4, heads: 4, text: place))
    #expect(head.description.contains("heads 0 to 3") && head.description.contains(place))
    expect(LocationError.headOutOfRange(head: -1, heads: 4, text: "0.head_attention_value_output[-1]@all")) {
      try make("lofit", [Location(layers: .list([.one(0)]), component: .headOutput, heads: [-1])])
    }
  }

  @Test func `heads chosen where there are none are refused in code as in text`() {
    expect(LocationError.headsWithoutHeads(component: "block_output", text: "all.block_output[1]@all")) {
      try make("loreft", [Location(layers: .all, component: .blockOutput, heads: [1])])
    }
  }

  @Test func `LoReFT does not act on single heads`() {
    expect(
      AdapterError.site(
        method: "loreft", component: "head_attention_value_output", expected: "components without heads")
    ) { try make("loreft", Location.list(parsing: "0.head_attention_value_output")) }
  }
}

/// Adapter folders that are not what they should be.
@Suite(.engineAlone) struct BadFolders {
  private let scratch: ScratchFolder
  private let model: any LanguageModel
  private let base: BaseModel
  private let adapter: Adapter
  private var place: String { scratch("adapter") }
  private var tensorFile: String { place + "/adapter.safetensors" }
  private var json: String { place + "/adapter.json" }

  init() throws {
    scratch = try ScratchFolder()
    model = try TinyModel.load()
    base = try TinyModel.base()
    adapter = try Adapter(
      .init(method: "loreft", settings: ["rank": 2], locations: Location.list(parsing: "0,2.block_output@f2+l2")),
      of: InterventionRegistry.standard.method("loreft"), for: model, using: RandomSource(seed: 1))
  }

  private var description: AdapterDescription {
    AdapterDescription(plan: adapter.plan, base: base, parameterCount: adapter.parameterCount, seed: 1)
  }

  private func save(changing change: (inout [WritableTensor]) throws -> Void) throws {
    var tensors = try adapter.saved().map { try $0.writable() }
    try change(&tensors)
    try AdapterFolder.write(to: place, configuration: description.json, tensors: tensors, overwrite: true)
  }

  private func save(json change: (inout JSONObject) -> Void) throws {
    var configuration = description.json
    change(&configuration)
    try AdapterFolder.write(
      to: place, configuration: configuration, tensors: adapter.saved().map { try $0.writable() }, overwrite: true)
  }

  private func load(_ base: BaseModel? = nil, checkingWeights: Bool = true) throws {
    _ = try Adapter.load(place, for: model, base: base ?? self.base, checkingWeights: checkingWeights)
  }

  @Test func `the untouched folder loads`() throws {
    try save { (_: inout [WritableTensor]) in }
    try load()
  }

  @Test func `the adapter of a model of another shape is refused, weights checked or not`() throws {
    try adapter.save(to: place, description)
    let other = try TinyModel.base("llama_mha_bias")
    for checking in [true, false] {
      let error = try thrown(AdapterError.self) { try load(other, checkingWeights: checking) }
      #expect(error == .otherModel(difference: "layers is 3 there and 2 here", source: place))
      #expect(error.description.contains(place) && error.description.contains("'base'"))
    }
    var type = base
    type.modelType = "gemma"
    expect(
      AdapterError.otherModel(difference: "it was trained on a llama, this is a gemma", source: place)
    ) { try load(type) }
  }

  @Test func `the adapter of a model with other weights is refused, unless weights are not checked`() throws {
    try adapter.save(to: place, description)
    var other = base
    other.fingerprint = "0123456789abcdef"
    let error = try thrown(AdapterError.self) { try load(other) }
    #expect(
      error
        == .otherModel(
          difference: "the weights are others (fingerprint \(base.fingerprint) there, 0123456789abcdef here)",
          source: place))
    try load(other, checkingWeights: false)
  }

  @Test func `a missing tensor is an error that names it and its part`() throws {
    try save { $0.removeAll { $0.name == "2.block_output.weight" } }
    let error = try thrown(AdapterError.self) { try load() }
    #expect(error == .missingTensor(name: "weight", source: "\(place), 2.block_output", found: ["bias", "rotation"]))
    try save { $0.removeAll { $0.name == "2.block_output.rotation" } }
    expect(
      AdapterError.missingTensor(name: "rotation", source: "\(place), 2.block_output", found: [])
    ) { try load() }
  }

  @Test(arguments: ["foo", "1.block_output.weight", "nothing.at.all"])
  func `a tensor of a part that is not there is an error that names it`(name: String) throws {
    try save { $0.append(WritableTensor(name: name, shape: [1], floats: [0])) }
    let error = try thrown(AdapterError.self) { try load() }
    #expect(error == .leftoverTensors(names: [name], source: place))
    #expect(error.description.contains(name) && error.description.contains("adapter.json"))
  }

  @Test func `a tensor too many in a part is an error that names it`() throws {
    try save { $0.append(WritableTensor(name: "2.block_output.wieght", shape: [1], floats: [0])) }
    expect(AdapterError.leftoverTensors(names: ["wieght"], source: "\(place), 2.block_output")) { try load() }
  }

  @Test func `a tensor of another shape is an error that names both shapes`() throws {
    try save { tensors in
      tensors.removeAll { $0.name == "0.block_output.bias" }
      tensors.append(WritableTensor(name: "0.block_output.bias", shape: [3], floats: [0, 0, 0]))
    }
    expect(
      AdapterError.tensorShape(name: "bias", expected: [2], got: [3], source: "\(place), 0.block_output")
    ) { try load() }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `a number that is not finite is an error that names its tensor`(number: Float) throws {
    try save { tensors in
      tensors.removeAll { $0.name == "0.block_output.bias" }
      tensors.append(WritableTensor(name: "0.block_output.bias", shape: [2], floats: [0, number]))
    }
    let error = try thrown(AdapterError.self) { try load() }
    #expect(error == .notFinite(name: "bias", source: "\(place), 0.block_output"))
    #expect(error.description.contains("lower learning rate"))
  }

  @Test func `a file of tensors that is cut off anywhere is an error that names it`() throws {
    try adapter.save(to: place, description)
    var whole: [UInt8] = []
    try scratch.change("adapter/adapter.safetensors") { whole = $0 }
    for length in [0, 7, 8, 100, whole.count - 1] {
      try scratch.change("adapter/adapter.safetensors") { $0 = Array(whole.prefix(length)) }
      let error = try thrown(CheckpointError.self) { try load() }
      #expect(error.description.contains(tensorFile), "\(length) bytes: \(error)")
      #expect(error.remedy != nil)
    }
  }

  @Test func `a broken adapter.json is an error with line and column`() throws {
    try adapter.save(to: place, description)
    try scratch.write("adapter/adapter.json", "{\n  \"schema\": 1,\n  oops\n}\n")
    let error = try thrown(CheckpointError.self) { try load() }
    guard case .json(.syntax(_, json, 3, 3)) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(error.description.contains("\(json), line 3, column 3"))
  }

  @Test func `a schema of the future is an error that names both versions`() throws {
    try save(json: { $0["schema"] = 2 })
    let error = try thrown(AdapterError.self) { try load() }
    #expect(error == .schema(problem: "adapter.json has schema 2, this version reads 1", source: json))
    #expect(error.description.contains("fix: use a version of reft"))
  }

  @Test func `a folder of another kind is an error that says what it holds`() throws {
    try save(json: { $0["format"] = "swift-reft training state" })
    expect(
      AdapterError.schema(
        problem: "expected 'swift-reft adapter', got 'swift-reft training state'", source: json)
    ) { try load() }
  }

  @Test(arguments: ["schema", "method", "settings", "locations", "base", "parameters", "seed"])
  func `a key that is missing is an error that names it`(key: String) throws {
    try save(json: { $0[key] = nil })
    let error = try thrown(JSONError.self) { try load() }
    guard case .missing(key, json, _) = error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test func `what adapter.json says is checked like what a user says`() throws {
    try save(json: { $0["method"] = "lorft" })
    #expect(try thrown(AdapterError.self) { try load() }.description.contains("did you mean 'loreft'?"))
    try save(json: { $0["locations"] = "0.block_output@f0" })
    #expect(try thrown(LocationError.self) { try load() }.description.contains("f0"))
    try save(json: { $0["locations"] = "0,7.block_output@f2+l2" })
    expect(LocationError.layerOutOfRange(layer: 7, layers: 3, text: "0,7")) { try load() }
    try save(json: { $0["positions"] = "pyref" })
    #expect(try thrown(JSONError.self) { try load() }.description.contains("did you mean 'pyreft'?"))
    try save(json: { $0["settings"] = ["rank": 2, "drop": 0.1] })
    #expect(try thrown(JSONError.self) { try load() }.description.contains("unknown key 'drop'"))
    try save(json: { $0["settings"] = ["rank": 3] })
    expect(
      AdapterError.tensorShape(name: "weight", expected: [3, 32], got: [2, 32], source: "\(place), 0.block_output")
    ) { try load() }
  }

  @Test func `what is no adapter folder is an error that says what it is`() throws {
    expect(CheckpointError.notFound(path: place, expected: "adapter folder")) { try load() }
    try adapter.save(to: place, description)
    expect(
      CheckpointError.notAnAdapter(
        path: json, found: "a file", remedy: "name the folder that holds adapter.json")
    ) { _ = try Adapter.load(json, for: model, base: base) }
    #expect(
      try thrown(CheckpointError.self) { _ = try Adapter.load(scratch.path, for: model, base: base) }
        == .notAnAdapter(
          path: scratch.path, found: "a folder without adapter.json and adapter.safetensors",
          remedy: "name the folder that a training run wrote"))
  }

  @Test func `an output folder in use is refused and left as it is`() throws {
    try adapter.save(to: place, description)
    let other = try Adapter(
      adapter.plan, of: InterventionRegistry.standard.method("loreft"), for: model, using: RandomSource(seed: 2))
    let error = try thrown(CheckpointError.self) { try other.save(to: place, description) }
    #expect(error == .outputExists(path: place))
    #expect(error.description.contains("--overwrite"))
    let kept = try Adapter.load(place, for: model, base: base).adapter
    #expect(try kept.saved()[0].tensor.values(as: Float.self) == adapter.saved()[0].tensor.values())
    #expect(try scratch.names == ["adapter"])
  }
}
