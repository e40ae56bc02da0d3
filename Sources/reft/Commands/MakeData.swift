import ArgumentParser
import JSON
import Tasks

/// `reft data`: makes datasets.
struct MakeData: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Make datasets.", subcommands: [Kinship.self])

  /// `reft data kinship`.
  struct Kinship: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make two-hop kinship puzzles with disjoint story structures in train, validation and test.")

    @Option(help: "The same seed gives the same puzzles, everywhere.")
    var seed: UInt64 = 1

    @Option(help: "Training puzzles.")
    var train = 300

    @Option(help: "Validation puzzles.")
    var validation = 100

    @Option(help: "Test puzzles.")
    var test = 200

    @Option(help: "The folder to write train.jsonl, validation.jsonl and test.jsonl to.")
    var output: String

    @Flag(help: "Replace the folder if it is there.")
    var overwrite = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
      let dataset = try KinshipPuzzles.generate(seed: seed, train: train, validation: validation, test: test)
      try dataset.write(to: output, overwriting: overwrite)
      if json { Console.print(.object(dataset.source)) } else { Console.print(output) }
    }
  }
}
