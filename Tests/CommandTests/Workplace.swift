import Foundation
import JSON
import Testing
import _TestSupport

/// A folder to run the command in, with a tiny model that has a tokenizer, and some data.
final class Workplace {
  private let scratch: ScratchFolder
  /// What the command prints goes here, so that `contents` shows only what it wrote by itself.
  private let captured: ScratchFolder
  private var runs = 0
  /// Variables for the command, on top of those of the tests.
  var environment: [String: String] = [:]

  init() throws {
    scratch = try ScratchFolder()
    captured = try ScratchFolder()
    let files = FileManager.default
    try files.createDirectory(atPath: path("model"), withIntermediateDirectories: false)
    for name in ["config.json", "model.safetensors"] {
      try files.copyItem(atPath: Golden.folder("llama_gqa_tied") + "/" + name, toPath: path("model/" + name))
    }
    for name in ["tokenizer.json", "tokenizer_config.json"] {
      try files.copyItem(atPath: Self.fixture(name), toPath: path("model/" + name))
    }
    try write("train.jsonl", lines: Self.records)
    try write("validation.jsonl", lines: Self.records.suffix(2))
  }

  /// A file of `Fixtures/tiny`, made by scripts/goldens/tiny_tokenizer.py.
  static func fixture(_ name: String, file: String = #filePath) -> String {
    URL(fileURLWithPath: file).deletingLastPathComponent().appending(path: "Fixtures/tiny/" + name).path
  }

  /// Questions and answers that the tiny model can hold: each character is about a token, the context has 64.
  static let records: [JSONValue] = [
    ["prompt": "Who is Ann to Tom? ", "response": "the aunt"], ["prompt": "Who is Bo to Ida? ", "response": "a son"],
    ["prompt": "Who is Eve to Al? ", "response": "the niece"],
    ["prompt": "Who is Cy to Flo? ", "response": "an uncle"],
    ["prompt": "Who is Ida to Bo? ", "response": "the mother"],
    ["prompt": "Who is Al to Eve? ", "response": "a father"],
  ]

  /// The path of a name in the workplace.
  func path(_ name: String) -> String { scratch(name) }
  var folder: String { scratch.path }

  func write(_ name: String, _ text: String) throws { try scratch.write(name, text) }
  func write(_ name: String, lines: some Sequence<JSONValue>) throws {
    try write(name, lines.map { $0.text + "\n" }.joined())
  }
  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }
  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }
  func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path(name))) }
  func text(_ name: String) throws -> String { try readText(path(name)) }
  func json(_ name: String) throws -> JSONValue { try JSONValue(parsing: text(name), source: name) }
  func jsonLines(_ name: String) throws -> [JSONValue] {
    try text(name).split(separator: "\n").map { try JSONValue(parsing: String($0), source: name) }
  }

  /// Every file and folder with its size.
  func contents() throws -> [String: Int] {
    var sizes: [String: Int] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
      sizes[name] = try FileManager.default.attributesOfItem(atPath: path(name))[.size] as? Int ?? 0
    }
    return sizes
  }

  // MARK: Running

  /// The command, beside the test bundle.
  static var executable: URL {
    get throws {
      #if canImport(Darwin)
        let bundle = try #require(Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") })
        let folder = bundle.bundleURL.deletingLastPathComponent()
      #else
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
          .deletingLastPathComponent()
      #endif
      let executable = folder.appending(path: "reft")
      try #require(FileManager.default.isExecutableFile(atPath: executable.path), "no command at \(executable.path)")
      return executable
    }
  }

  /// A run of the command that is under way.
  struct Run {
    let process: Process
    fileprivate let output: String
    fileprivate let errors: String

    /// Waits for the end; a run that takes minutes is ended.
    func finished() throws -> Outcome {
      let deadline = Date(timeIntervalSinceNow: 300)
      while process.isRunning, Date() < deadline { Thread.sleep(forTimeInterval: 0.005) }
      if process.isRunning { process.terminate() }
      process.waitUntilExit()
      return Outcome(
        code: process.terminationReason == .exit ? process.terminationStatus : nil,
        output: try readText(output), errors: try readText(errors))
    }
  }

  /// Starts the command in the workplace, or in the folder of that name there.
  func start(_ arguments: [String], input: String? = nil, in directory: String = "") throws -> Run {
    runs += 1
    for name in ["in", "out", "err"] { try captured.write("\(runs).\(name)", name == "in" ? input ?? "" : "") }
    let process = Process()
    process.executableURL = try Self.executable
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: directory.isEmpty ? folder : path(directory), isDirectory: true)
    process.environment = ProcessInfo.processInfo.environment.merging(["OMP_NUM_THREADS": "1"]) { $1 }
      .merging(environment) { $1 }
    process.standardInput = FileHandle(forReadingAtPath: captured("\(runs).in"))
    process.standardOutput = FileHandle(forWritingAtPath: captured("\(runs).out"))
    process.standardError = FileHandle(forWritingAtPath: captured("\(runs).err"))
    try process.run()
    return Run(process: process, output: captured("\(runs).out"), errors: captured("\(runs).err"))
  }

  func reft(_ arguments: [String], input: String? = nil, in directory: String = "") throws -> Outcome {
    try start(arguments, input: input, in: directory).finished()
  }

  func reft(_ arguments: String..., input: String? = nil, in directory: String = "") throws -> Outcome {
    try reft(arguments, input: input, in: directory)
  }
}
