import Checkpoints
import Conversion
import Foundation
import Interventions
import JSON
import Testing
import _TestSupport

/// Folders by pyreft 0.1.0: scripts/goldens/foreign_pyreft.py.
@Suite(.engineAlone) struct PyreftFormatTests {
  private let scratch: ScratchFolder
  private let foreign: ForeignGolden

  init() throws {
    scratch = try ScratchFolder()
    foreign = try ForeignGolden("foreign_pyreft")
  }

  @Test(arguments: [
    ("loreft", "loreft", [:]), ("loreft_relu", "loreft_relu", ["act_fn": "relu"]),
    ("loreft_untied", "loreft_untied", ["positions": "f2|l2"]), ("module_path", "module_path", [:]),
    ("dots", "loreft", [:]), ("repr", "loreft", [:]), ("noreft", "noreft", [:]), ("consreft", "consreft", [:]),
    ("lobireft", "lobireft", [:]), ("direft", "direft", [:]), ("nodireft", "nodireft", [:]),
    ("checkpoint", "noreft", ["class": "NoreftIntervention"]),
  ])
  func `an adapter of pyreft gives its logits`(name: String, golden: String, more: [String: String]) throws {
    let settings = ["positions": "f2+l2"].merging(more) { $1 }
    let report = try foreign.convert(name, to: scratch("x"), settings)
    try foreign.expect(scratch("x"), equals: golden)
    #expect(report.source == "pyreft")
    #expect(report.mapped.count >= 4)
    #expect(report.leftover.isEmpty)
    #expect(report.missing.map(\.key).contains("positions"))
  }

  @Test func `DiReFT of the repository is the ablation, and its NodiReFT the DiReFT of the paper`() throws {
    func method(_ name: String) throws -> JSONValue? {
      try foreign.convert(name, to: scratch(name), ["positions": "f2+l2"])
      return try JSONValue(parsing: readText(scratch("\(name)/adapter.json")), source: name)["method"]
    }
    #expect(try method("direft") == "direft_orthonormal")
    #expect(try method("nodireft") == "direft")
  }

  @Test func `a checkpoint of a trainer asks for the class where its tensors do not show it`() throws {
    #expect(
      throws: ConversionError.setting(
        key: "class",
        expected: "the class of pyreft, which the folder does not say: one of NoreftIntervention, NodireftIntervention",
        got: "nothing")
    ) { try foreign.convert("checkpoint", to: scratch("x")) }
    #expect(
      throws: ConversionError.setting(
        key: "class", expected: "one of NoreftIntervention, NodireftIntervention", got: "'LoreftIntervention'")
    ) { try foreign.convert("checkpoint", to: scratch("x"), ["class": "LoreftIntervention"]) }
  }

  @Test(arguments: ["loreft", "loreft_untied", "noreft", "consreft", "lobireft", "direft", "nodireft"])
  func `write, read, write gives the same bytes`(name: String) throws {
    let settings = ["positions": name == "loreft_untied" ? "f2|l2" : "f2+l2"]
    try foreign.convert(name, to: scratch("a"), settings)
    try Foreign.convert(scratch("a"), to: "pyreft", scratch("b"))
    try Foreign.convert(scratch("b"), to: "reft", scratch("c"), settings)
    try Foreign.convert(scratch("c"), to: "pyreft", scratch("d"))
    #expect(try contents(scratch("b")) == contents(scratch("d")))
    #expect(try contents(scratch("a")) == contents(scratch("c")))
    try foreign.expect(scratch("c"), equals: name)
    // The names of files are those of pyreft.
    #expect(try Set(contents(scratch("b")).keys) == Set(contents(foreign.path(name)).keys))
  }

  @Test func `what the folder does not say is given, or assumed and told`() throws {
    let report = try foreign.convert("loreft", to: scratch("x"))
    #expect(report.missing.map(\.text).first == "f7+l7, assumed; say otherwise with --set positions=...")
    #expect(report.text.contains("missing, and what was taken: 4\n  positions: f7+l7, assumed"))
    #expect(
      throws: ConversionError.unusedSettings(keys: ["postions"], known: ["act_fn", "dropout", "positions", "rule"])
    ) {
      try foreign.convert("loreft", to: scratch("y"), ["postions": "f2+l2"])
    }
    #expect(
      throws: ConversionError.setting(
        key: "positions", expected: "untied ends such as f7|l7, for each layer has two interventions", got: "'f2+l2'")
    ) { try foreign.convert("loreft_untied", to: scratch("y"), ["positions": "f2+l2"]) }
    #expect(throws: ConversionError.setting(key: "rule", expected: "one of exact, pyreft", got: "'x'")) {
      try foreign.convert("loreft", to: scratch("y"), ["rule": "x"])
    }
    #expect(try scratch.names == ["x"])
  }

  @Test func `what nobody reads is an error that names it, unless it is allowed`() throws {
    try copy("loreft", to: "more")
    try TorchFixture.write(scratch("more/pytorch_model.bin"))
    let error = #expect(throws: ConversionError.self) {
      try Foreign.convert(scratch("more"), to: "reft", scratch("x"))
    }
    #expect(error?.problem.contains("pytorch_model.bin (trained weights of the model itself") == true)
    #expect(try scratch.names == ["more"])
    let report = try Foreign.convert(scratch("more"), to: "reft", scratch("x"), allowLeftover: true)
    #expect(report.leftover.map(\.key) == ["pytorch_model.bin"])
  }

  @Test func `a class that is not known, a file too few, another mode and another model are errors`() throws {
    func problem(_ change: (String) -> String) throws -> String? {
      try? FileManager.default.removeItem(atPath: scratch("bad"))
      try copy("loreft", to: "bad")
      let text = try readText(scratch("bad/config.json"))
      try scratch.write("bad/config.json", change(text))
      return #expect(throws: ConversionError.self) { try Foreign.convert(scratch("bad"), to: "reft", scratch("x")) }?
        .problem
    }
    #expect(
      try problem { $0.replacingOccurrences(of: "LoreftIntervention", with: "MyIntervention") }?
        .hasPrefix("'intervention_types' is 'MyIntervention', which is not supported: known are LoreftIntervention")
        == true)
    #expect(
      try problem { $0.replacingOccurrences(of: "\"parallel\"", with: "\"serial\"") }?.contains("'mode' is 'serial'")
        == true)
    #expect(
      try problem { $0.replacingOccurrences(of: "\"mode\"", with: "\"strange\": 3, \"mode\"") }?
        .contains("config.json: strange (3)") == true)
    try copy("loreft", to: "few")
    try FileManager.default.removeItem(atPath: scratch("few/intkey_layer_2_comp_block_output_unit_pos_nunit_1#0.bin"))
    #expect(
      #expect(throws: ConversionError.self) { try Foreign.convert(scratch("few"), to: "reft", scratch("x")) }?.problem
        == "'intervention_types' names 2 interventions, 1 files are there")
    try FileManager.default.moveItem(
      atPath: scratch("few/intkey_layer_0_comp_block_output_unit_pos_nunit_1#0.bin"),
      toPath: scratch("few/intkey_layer_7_comp_block_output_unit_pos_nunit_1#0.bin"))
    #expect(
      #expect(throws: ConversionError.self) { try Foreign.convert(scratch("few"), to: "reft", scratch("x")) }?.problem
        .hasSuffix("is for layer 7, the model has 3") == true)
  }

  @Test func `an adapter of another width names the tensor and both widths`() throws {
    try FileManager.default.createDirectory(atPath: scratch("wide"), withIntermediateDirectories: true)
    func zeros(_ name: String, _ shape: [Int]) -> WritableTensor {
      WritableTensor(name: name, shape: shape, floats: [Float](repeating: 0, count: shape.reduce(1, *)))
    }
    try TorchArchiveWriter.write(
      to: scratch("wide/intkey_layer_1_comp_block_output_unit_pos_nunit_1#0.bin"),
      tensors: [zeros("weight", [2, 16]), zeros("bias", [2]), zeros("rotate_layer", [16, 2])])
    let error = #expect(throws: AdapterError.self) { try Foreign.convert(scratch("wide"), to: "reft", scratch("x")) }
    #expect(
      error
        == .tensorShape(
          name: "weight", expected: [2, 32], got: [2, 16], source: "\(scratch("wide")), 1.block_output"))
  }

  @Test func `a tensor that is missing and one too many are named`() throws {
    try FileManager.default.createDirectory(atPath: scratch("odd"), withIntermediateDirectories: true)
    let file = scratch("odd/intkey_layer_1_comp_block_output_unit_pos_nunit_1#0.bin")
    let rotation = WritableTensor(name: "rotate_layer", shape: [32, 1], floats: [1] + [Float](repeating: 0, count: 31))
    let bias = WritableTensor(name: "bias", shape: [1], floats: [0])
    try TorchArchiveWriter.write(to: file, tensors: [rotation, bias])
    #expect(throws: ConversionError.missingTensor(name: "weight", file: file)) {
      try Foreign.convert(scratch("odd"), to: "reft", scratch("x"))
    }
    let weight = WritableTensor(name: "weight", shape: [1, 32], floats: [Float](repeating: 0, count: 32))
    let more = WritableTensor(name: "more", shape: [1], floats: [0])
    try TorchArchiveWriter.write(to: file, tensors: [rotation, bias, weight, more], overwrite: true)
    let error = #expect(throws: ConversionError.self) { try Foreign.convert(scratch("odd"), to: "reft", scratch("x")) }
    #expect(error?.problem.contains("more (a tensor of shape [1])") == true)
  }

  private func copy(_ name: String, to new: String) throws {
    try FileManager.default.copyItem(atPath: foreign.path(name), toPath: scratch(new))
  }
}

/// Every file of a folder.
func contents(_ folder: String) throws -> [String: Data] {
  var files: [String: Data] = [:]
  for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
    files[name] = try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))
  }
  return files
}
