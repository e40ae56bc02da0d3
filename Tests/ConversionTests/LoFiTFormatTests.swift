import Checkpoints
import Conversion
import Foundation
import Interventions
import JSON
import Tensors
import Testing
import _TestSupport

/// What lo-fit leaves: `attn_A` and `attn_v` of every head, and a file of heads.
@Suite(.engineAlone) struct LoFiTFormatTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  /// A checkpoint of lo-fit with offsets on two heads, and its heads beside it.
  private func write(heads: [Int64]? = [2, 1, 0, 3], scale: Float = 0) throws {
    try FileManager.default.createDirectory(atPath: scratch("lofit"), withIntermediateDirectories: true)
    var tensors = [WritableTensor(name: "model.norm.weight", shape: [1], floats: [1])]
    for layer in 0..<3 {
      for head in 0..<4 {
        let chosen = (layer, head) == (2, 1) || (layer, head) == (0, 3)
        let values = (0..<8).map { chosen ? Float($0 + 1 + 10 * layer) / 16 : 0 }
        let path = "model.layers.\(layer).self_attn"
        tensors.append(WritableTensor(name: "\(path).attn_v.\(head)", shape: [8], floats: values))
        tensors.append(
          WritableTensor(name: "\(path).attn_A.\(head)", shape: [8], floats: values.map { $0 == 0 ? 0 : scale }))
      }
    }
    try SafetensorsWriter.write(to: scratch("lofit/model.safetensors"), tensors: tensors, overwrite: true)
    if let heads {
      try NPYArray(shape: [heads.count / 2, 2], elements: .int64(heads)).write(
        to: scratch("lofit/heads.npy"), overwrite: true)
    }
  }

  @Test(arguments: [true, false])
  func `a checkpoint of lo-fit becomes an adapter of the chosen heads`(hasFile: Bool) throws {
    try write(heads: hasFile ? [2, 1, 0, 3] : nil)
    let report = try Foreign.convert(scratch("lofit"), to: "reft", scratch("x"))
    #expect(report.source == "lofit")
    #expect(report.mapped.count == (hasFile ? 4 : 2))
    #expect(report.unused.map(\.key) == ["1 other tensors", "22 vectors"])
    let (adapter, description) = try Adapter.load(scratch("x"), for: TinyModel.load(), base: TinyModel.base())
    #expect(
      description.plan.locations.line
        == "0.head_attention_value_output[3]@all;2.head_attention_value_output[1]@all")
    #expect(description.plan.settings["part"] == "bias")
    #expect(
      try adapter.saved().last?.tensor.values(as: Float.self) == (0..<8).map { Float($0 + 1 + 20) / 16 })
  }

  @Test func `write, read, write gives the same bytes`() throws {
    try write()
    try Foreign.convert(scratch("lofit"), to: "reft", scratch("a"))
    try Foreign.convert(scratch("a"), to: "lofit", scratch("b"))
    try Foreign.convert(scratch("b"), to: "reft", scratch("c"))
    try Foreign.convert(scratch("c"), to: "lofit", scratch("d"))
    #expect(try contents(scratch("b")) == contents(scratch("d")))
    #expect(try contents(scratch("a"))["adapter.safetensors"] == contents(scratch("c"))["adapter.safetensors"])
    let tensors = try SafetensorsFile(scratch("b/model.safetensors")).tensors
    #expect(tensors.count == 24)
    #expect(try NPYArray(reading: scratch("b/top_heads.npy")).integers == [0, 3, 2, 1])
  }

  @Test func `scales and offsets of one head stay together`() throws {
    try write(scale: 0.5)
    try Foreign.convert(scratch("lofit"), to: "reft", scratch("a"))
    let (adapter, description) = try Adapter.load(scratch("a"), for: TinyModel.load(), base: TinyModel.base())
    #expect(description.plan.settings["part"] == "both")
    #expect(try adapter.saved().map(\.name).count == 4)
    try Foreign.convert(scratch("a"), to: "lofit", scratch("b"))
    let tensors = try SafetensorsFile(scratch("b/model.safetensors")).tensors
    let scales = try #require(tensors.first { $0.name == "model.layers.2.self_attn.attn_A.1" })
    #expect(try scales.floats() == [Float](repeating: 0.5, count: 8))
  }

  @Test func `vectors of heads that were not chosen are left over`() throws {
    try write(heads: [2, 1])
    let error = #expect(throws: ConversionError.self) {
      try Foreign.convert(scratch("lofit"), to: "reft", scratch("x"))
    }
    #expect(error?.problem.contains("model.layers.0.self_attn.attn_v.3 (not zero") == true)
    let report = try Foreign.convert(scratch("lofit"), to: "reft", scratch("x"), allowLeftover: true)
    #expect(report.leftover.count == 1)
  }

  @Test func `an adapter of another method is no lo-fit`() throws {
    let pyreft = try ForeignGolden("foreign_pyreft")
    try pyreft.convert("loreft", to: scratch("a"))
    #expect(throws: ConversionError.notExpressible(format: "lofit", what: "loreft", reason: "it has LoFiT alone")) {
      try Foreign.convert(scratch("a"), to: "lofit", scratch("b"))
    }
  }
}
