public import JSON

extension TaskReport {
  /// The score and its parts, then every example.
  public var json: JSONObject {
    var object = summary
    object["examples"] = .array(examples.map { .object($0.json) })
    return object
  }

  /// The score and its parts without the examples.
  public var summary: JSONObject {
    [
      "task": .string(task), "accuracy": .number(accuracy), "correct": .integer(correct), "total": .integer(total),
      "seconds": .number(seconds), "tokens_per_second": .number(tokensPerSecond),
      "prompt_tokens": .integer(promptTokens), "generated_tokens": .integer(generatedTokens),
      "decoding": .object(decoding.json), "classes": .array(classes.map { .object($0.json) }),
    ]
  }
}

extension TaskReport.Example {
  fileprivate var json: JSONObject {
    [
      "prompt": .string(prompt), "references": .array(references.map { .string($0) }),
      "prediction": .string(prediction), "correct": .bool(isCorrect), "generation": .string(generation),
      "finish": .string(finish),
    ]
  }
}

extension TaskReport.Class {
  fileprivate var json: JSONObject {
    ["name": .string(name), "accuracy": .number(accuracy), "correct": .integer(correct), "total": .integer(total)]
  }
}

extension TaskReport.Decoding {
  fileprivate var json: JSONObject {
    [
      "temperature": .number(temperature), "top_k": topK.map { .integer($0) } ?? .null,
      "top_p": topP.map { .number($0) } ?? .null, "repetition_penalty": .number(repetitionPenalty),
      // A seed beyond Int is written as text: JSON numbers would lose digits.
      "seed": seed.map { Int(exactly: $0).map { .integer($0) } ?? .string(String($0)) } ?? .null,
      "max_new_tokens": .integer(maximumNewTokens), "stop": .array(stopStrings.map { .string($0) }),
    ]
  }
}
