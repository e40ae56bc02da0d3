/// When the generation of one sequence ends; the context's end is always one.
public struct StopConditions: Sendable, Equatable {
  /// Tokens that end a text; they are no part of it.
  public var endTokens: Set<Int32>
  /// At least 1.
  public var maximumNewTokens: Int
  /// Texts that end the text before them; none is empty.
  public var strings: [String]

  /// Conditions, of which the first to hold ends a sequence; they are checked when generation begins.
  public init(endTokens: Set<Int32>, maximumNewTokens: Int, strings: [String] = []) {
    self.endTokens = endTokens
    self.maximumNewTokens = maximumNewTokens
    self.strings = strings
  }

  /// Every value that is out of its range.
  var problems: [GenerationError] {
    var problems: [GenerationError] = []
    if maximumNewTokens < 1 {
      problems.append(.option(flag: "--max-new-tokens", expected: "1 or above", got: "\(maximumNewTokens)"))
    }
    if strings.contains("") {
      problems.append(.option(flag: "--stop", expected: "a text that is not empty", got: "an empty one"))
    }
    return problems
  }
}

/// Why the generation of one sequence ended.
public enum FinishReason: String, Sendable, Equatable {
  /// The model chose a token that ends texts.
  case endOfText = "end"
  /// A stop string was generated.
  case stopString = "stop"
  /// The allowed number of new tokens is reached.
  case length
  /// The model's context is full.
  case context
}
