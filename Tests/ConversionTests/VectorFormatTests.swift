import Checkpoints
import Conversion
import Foundation
import Testing
import _TestSupport

/// Control vectors by repeng 0.4.0; steering vectors, RED and mlx-lm adapters by their layouts and formulas:
/// scripts/goldens/foreign_vectors.py.
@Suite(.engineAlone) struct VectorFormatTests {
  private let scratch: ScratchFolder
  private let foreign: ForeignGolden

  init() throws {
    scratch = try ScratchFolder()
    foreign = try ForeignGolden("foreign_vectors")
  }

  @Test(arguments: [("mlx_lora", "mlx"), ("mlx_dora", "mlx")])
  func `an adapter gives the logits of its formula`(name: String, format: String) throws {
    let report = try foreign.convert(name, to: scratch("x"))
    #expect(report.source == format)
    try foreign.expect(scratch("x"), equals: name)
  }

  @Test(arguments: [("mlx_lora", "mlx"), ("mlx_dora", "mlx")])
  func `write, read, write gives the same bytes`(name: String, format: String) throws {
    try foreign.convert(name, to: scratch("a"))
    try Foreign.convert(scratch("a"), to: format, scratch("b"))
    try Foreign.convert(scratch("b"), to: "reft", scratch("c"))
    try Foreign.convert(scratch("c"), to: format, scratch("d"))
    #expect(try contents(scratch("b")) == contents(scratch("d")))
    try foreign.expect(scratch("c"), equals: name)
  }
}
