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

  /// Name of the file or folder, its format, the golden of its logits, and what the file does not say.
  static let cases = [
    ("control.gguf", "control-vector", "control", ["coefficient": "1.5"]),
    ("steering.svec", "svec", "control", ["coefficient": "1.5"]), ("red", "red", "red", [:]),
    ("red/delta_vector.pth", "red", "red", [:]), ("mlx_lora", "mlx", "mlx_lora", [:]),
    ("mlx_dora", "mlx", "mlx_dora", [:]),
  ]

  @Test(arguments: cases)
  func `an adapter gives the logits of its library or formula`(
    name: String, format: String, golden: String, settings: [String: String]
  ) throws {
    let report = try foreign.convert(name, to: scratch("x"), settings)
    #expect(report.source == format)
    #expect(report.leftover.isEmpty)
    try foreign.expect(scratch("x"), equals: golden)
  }

  @Test(arguments: cases)
  func `write, read, write gives the same bytes`(
    name: String, format: String, golden: String, settings: [String: String]
  ) throws {
    try foreign.convert(name, to: scratch("a"), settings)
    try Foreign.convert(scratch("a"), to: format, scratch("b"))
    try Foreign.convert(scratch("b"), from: format, to: "reft", scratch("c"), settings)
    try Foreign.convert(scratch("c"), to: format, scratch("d"))
    #expect(try bytes(scratch("b")) == bytes(scratch("d")))
    try foreign.expect(scratch("c"), equals: golden)
  }

  @Test func `what is written of a control vector is what repeng writes`() throws {
    try foreign.convert("control.gguf", to: scratch("a"))
    let report = try Foreign.convert(scratch("a"), to: "control-vector", scratch("b.gguf"))
    #expect(try bytes(scratch("b.gguf")) == bytes(foreign.path("control.gguf")))
    #expect(report.unsaid.map(\.key) == ["coefficient"])
  }

  @Test func `a vector of another kind of model is left over, one of another width refused`() throws {
    try ControlVectorFile(modelHint: "gemma", directions: [1: [Float](repeating: 1, count: 32)]).write(
      to: scratch("x.gguf"))
    let error = #expect(throws: ConversionError.self) {
      try Foreign.convert(scratch("x.gguf"), to: "reft", scratch("x"))
    }
    #expect(error?.problem.contains("it was made for 'gemma', this is 'llama'") == true)
    try SteeringVectorFile(modelType: "llama", directions: [1: [1, 2]]).write(to: scratch("x.svec"))
    #expect(
      throws: ConversionError.tensorShape(
        name: "direction.1", expected: "[32], for 3 layers", got: [2], file: scratch("x.svec"))
    ) { try Foreign.convert(scratch("x.svec"), to: "reft", scratch("x")) }
  }

  @Test func `a vector in the attention is no control vector`() throws {
    try foreign.convert("mlx_lora", to: scratch("a"))
    let error = #expect(throws: ConversionError.self) {
      try Foreign.convert(scratch("a"), to: "control-vector", scratch("b"))
    }
    #expect(error?.problem.contains("plain addition at every position") == true)
  }

  @Test func `a scale without its bias is an error`() throws {
    try TorchArchiveWriter.write(
      to: scratch("delta_vector.pth"),
      tensors: [
        WritableTensor(
          name: "model.layers.0.mlp.down_proj.delta_vector.activation_scaling", shape: [1, 32],
          floats: [Float](repeating: 1, count: 32))
      ])
    let error = #expect(throws: ConversionError.self) {
      try Foreign.convert(scratch("delta_vector.pth"), to: "reft", scratch("x"))
    }
    #expect(error?.problem == "scale or bias of 0.mlp_output is missing")
  }

  /// A file, or every file of a folder.
  private func bytes(_ path: String) throws -> [String: Data] {
    if let files = try? contents(path) { return files }
    return ["": try Data(contentsOf: URL(filePath: path))]
  }
}
