import CProcessStart
import Diagnostics
import Foundation
import JSON

/// `reft-bench JOB.json`: our side of the benchmark suite (`make bench`, scripts/bench).
///
/// The job says what is done. When everything is loaded, one line of JSON tells so; then every line on standard input is a
/// round, answered by one line of JSON. While it waits the process blocks, so that a peer can have the machine.
@main
enum Bench {
  static func main() {
    do {
      guard CommandLine.arguments.count == 2 else { throw JobError.usage }
      let path = CommandLine.arguments[1]
      guard let bytes = FileManager.default.contents(atPath: path) else { throw JobError.unreadable(path: path) }
      let job = try JSONReader(JSONValue(parsing: bytes, source: path), source: path)
      var workload = try Self.workload(job)
      say(workload.ready)
      while let line = readLine() {
        let request = try JSONReader(JSONValue(parsing: line, source: "standard input"), source: "standard input")
        say(try workload.round(request))
      }
    } catch let error as any Diagnostic {
      stop(error.description)
    } catch {
      stop("\(error)")
    }
  }

  private static func workload(_ job: JSONReader) throws -> any Workload {
    let name = try job.string("work")
    switch name {
    case "examples": return try ExampleWork(job)
    case "texts": return try TextWork(job)
    case "train": return try TrainingWork(job)
    case "generate": return try GenerationWork(job)
    case "load": return try LoadingWork(job)
    case "tokenize": return try TokenizingWork(job)
    case "machine": return try MachineWork(job)
    case "device": return try DeviceCheckWork(job)
    case "chart": return ChartWork()
    default: throw JobError.unknownWork(name: name)
    }
  }

  private static func say(_ object: JSONObject) {
    FileHandle.standardOutput.write(Data((JSONValue.object(object).text + "\n").utf8))
  }

  private static func stop(_ message: String) -> Never {
    FileHandle.standardError.write(Data("reft-bench: \(message)\n".utf8))
    exit(1)
  }
}

/// What can be wrong with a job.
enum JobError: Diagnostic {
  case usage
  case unreadable(path: String)
  case unknownWork(name: String)
  case matrix(String)

  var problem: String {
    switch self {
    case .usage: "one job is expected"
    case .unreadable: "the job cannot be read"
    case .unknownWork(let name): "there is no work '\(name)'"
    case .matrix(let text): "expected [in, out], got \(text)"
    }
  }
  var location: String {
    switch self {
    case .usage: "command line"
    case .unreadable(let path): path
    case .unknownWork: "'work'"
    case .matrix: "'matrices'"
    }
  }
  var remedy: String? { "scripts/bench writes the jobs: run make bench" }
}
