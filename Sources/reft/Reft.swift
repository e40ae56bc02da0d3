import ArgumentParser
import CProcessStart
import Diagnostics

/// The command `reft`.
@main
struct Reft: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reft",
    abstract:
      "Fine-tune the representations of a frozen language model (ReFT, LoFiT, and the methods they compare with).",
    discussion: """
      Results go to standard output, everything else to standard error; --json prints results for programs.
      A recipe is a YAML file; `reft train --dry-run` shows what it will do.
      """,
    version: "0.1.0",
    subcommands: [
      Train.self, Fit.self, Localize.self, Read.self, Evaluate.self, Compare.self, Generate.self, Contrast.self,
      Score.self,
      Merge.self, Combine.self, Convert.self, Inspect.self, Methods.self, MakeData.self, Tokenize.self, Embed.self,
    ])

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let error as any Diagnostic {
      Console.report(error)
      exit(withError: ExitCode.failure)
    } catch {
      exit(withError: error)
    }
  }
}
