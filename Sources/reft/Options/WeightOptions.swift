import ArgumentParser

/// How the model keeps its matrices where it only reads and writes texts.
struct WeightOptions: ParsableArguments {
  @Option(
    help: """
      How matrices are kept: stored as the file has them and decoded where they are used, which computes the same; plain as \
      floats; int8 rounded to 8 bits, which changes numbers a little; or auto: stored where there is a choice.
      """)
  var weights = "auto"
}
