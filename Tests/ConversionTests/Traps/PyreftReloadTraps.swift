import Checkpoints
import Conversion
import Foundation
import JSON
import Testing
import _TestSupport

/// What goes wrong when pyreft loads what pyreft saved: its folder says less than the adapter is.
@Suite(.engineAlone) struct PyreftReloadTraps {
  private let scratch: ScratchFolder
  private let foreign: ForeignGolden

  init() throws {
    scratch = try ScratchFolder()
    foreign = try ForeignGolden("foreign_pyreft")
  }

  /// act_fn, dropout, add_bias and dtype are not in pyreft's config.json.
  @Test func `forgotten hyperparameters are asked for once and kept from then on`() throws {
    try foreign.convert(
      "loreft_relu", to: scratch("x"), ["positions": "f2+l2", "act_fn": "relu", "dropout": "0.05"])
    let settings = try JSONValue(parsing: readText(scratch("x/adapter.json")), source: "x")["settings"]
    #expect(settings?["activation"] == "relu")
    #expect(settings?["dropout"] == 0.05)
    try foreign.expect(scratch("x"), equals: "loreft_relu")
    // The bias of the projection follows from the tensors.
    try foreign.convert("noreft", to: scratch("y"), ["positions": "f2+l2"])
    let noreft = try JSONValue(parsing: readText(scratch("y/adapter.json")), source: "y")["settings"]
    #expect(noreft?["projection_bias"] == true)
  }

  @Test func `another function than the one that pyreft would load is left over, not forgotten`() throws {
    try foreign.convert("loreft_relu", to: scratch("x"), ["positions": "f2+l2", "act_fn": "relu"])
    let error = #expect(throws: ConversionError.self) {
      try Foreign.convert(scratch("x"), to: "pyreft", scratch("y"))
    }
    #expect(error?.problem == "the result would not hold: activation (relu: pyreft would load the linear one)")
    let report = try Foreign.convert(scratch("x"), to: "pyreft", scratch("y"), allowLeftover: true)
    #expect(report.unsaid.map(\.key).contains("positions"))
  }

  /// pyreft puts the saved columns into a fresh random base, whose other columns are not orthogonal to them.
  @Test(arguments: ["lobireft", "consreft", "direft"])
  func `the whole base that is written is orthogonal, so that training goes on there`(name: String) throws {
    try foreign.convert(name, to: scratch("x"), ["positions": "f2+l2"])
    try Foreign.convert(scratch("x"), to: "pyreft", scratch("y"))
    let file = scratch("y/intkey_layer_2_comp_block_output_unit_pos_nunit_1#0.bin")
    let tensors = try TorchArchive(file).tensors()
    let base = try #require(tensors.first { $0.name.hasSuffix(".base") })
    let values = try base.tensor.floats(named: base.name).map(Double.init)
    let d = base.tensor.shape[0]
    #expect(base.tensor.shape == [32, 32])
    for a in 0..<d {
      for b in 0..<d {
        let product = (0..<d).reduce(0) { $0 + values[$1 * d + a] * values[$1 * d + b] }
        #expect(abs(product - (a == b ? 1 : 0)) < 1e-6)
      }
    }
  }

  /// The classes without a state_dict of their own save 64 MB a layer at d = 4096.
  @Test(arguments: ["lobireft", "consreft", "direft"])
  func `the full base of a parametrised R is not kept`(name: String) throws {
    try foreign.convert(name, to: scratch("x"), ["positions": "f2+l2"])
    let tensors = try SafetensorsFile(scratch("x/adapter.safetensors")).tensors
    #expect(tensors.allSatisfy { !$0.shape.starts(with: [32]) && $0.elementCount <= 3 * 32 })
    #expect(tensors.contains { $0.name == "2.block_output.rotation" && $0.shape == [3, 32] })
  }
}
