import Conversion
import Foundation
import Testing
import _TestSupport

@Suite(.engineAlone) struct FormatRegistryTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  @Test func `every golden is detected as what it is`() throws {
    for (path, format) in [
      ("foreign_pyreft/loreft", "pyreft"), ("foreign_pyreft/repr", "pyreft"), ("foreign_peft/lora", "peft"),
      ("foreign_peft/pickled", "peft"), ("foreign_vectors/control.gguf", "control-vector"),
      ("foreign_vectors/steering.svec", "svec"), ("foreign_vectors/red", "red"),
      ("foreign_vectors/red/delta_vector.pth", "red"), ("foreign_vectors/mlx_lora", "mlx"),
    ] {
      #expect(try AdapterFormats.detected(at: Golden.folder(path)).name == format, "\(path)")
    }
  }

  @Test func `names and paths that are not known are errors with the known ones`() throws {
    let error = #expect(throws: ConversionError.self) { try AdapterFormats.named("pyrft") }
    #expect(error?.remedy?.hasPrefix("did you mean 'pyreft'?") == true)
    for path in [scratch("nothing"), scratch.path, Golden.folder("llama_gqa_tied")] {
      #expect(throws: ConversionError.undetected(path: path, known: AdapterFormats.all.map { $0.name })) {
        try AdapterFormats.detected(at: path)
      }
    }
  }

  @Test func `every format says what it is`() {
    for format in AdapterFormats.all { #expect(!format.summary.isEmpty, "\(format.name)") }
    #expect(Set(AdapterFormats.all.map { $0.name }).count == AdapterFormats.all.count)
  }

  @Test func `our own format goes to itself with the same bytes`() throws {
    let foreign = try ForeignGolden("foreign_peft")
    try foreign.convert("lora", to: scratch("a"))
    let report = try Foreign.convert(scratch("a"), to: "reft", scratch("b"))
    #expect(report.mapped.count == 18)
    #expect(try contents(scratch("a")) == contents(scratch("b")))
  }

  @Test func `the output is written whole or not at all, and not over what is there`() throws {
    let foreign = try ForeignGolden("foreign_pyreft")
    try foreign.convert("loreft", to: scratch("x"))
    #expect(throws: (any Error).self) { try foreign.convert("loreft", to: scratch("x")) }
    #expect(throws: (any Error).self) { try foreign.convert("loreft", to: scratch("no/where")) }
    #expect(try scratch.names == ["x"])
  }
}
