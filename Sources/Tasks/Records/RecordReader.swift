import JSON

/// Reads records to train on from JSON lines or a JSON array.
///
/// A record is one of
///
///     {"prompt": "…", "response": "…"}          also "completion" for "response"
///     {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}
///     {"text": "…"}
///
/// and may have beside it
///
///     "subspaces": ["sports"]                                  the named parts of the rank that it trains
///     "positive_prompt": "…", "negative_prompt": "…"           other prompts for its response, for training on representations
///
/// Other fields are passed over.
public enum RecordReader {
  /// Every record of a file, in order.
  /// - Throws: a `TaskError` that names the file and line of the first record that cannot be used.
  public static func read(_ path: String) throws(TaskError) -> [TrainingRecord] {
    var records: [TrainingRecord] = []
    for item in try DatasetFile.objects(at: path) {
      records.append(
        TrainingRecord(
          try content(of: item), subspaces: try subspaces(of: item), contrast: try contrast(of: item),
          source: item.source))
    }
    return records
  }

  private static let fields = ["prompt", "response", "completion", "messages", "text"]

  private static func content(of item: DatasetObject) throws(TaskError) -> TrainingRecord.Content {
    func has(_ field: String) -> Bool { item.object[field].map { !$0.isNull } ?? false }
    let kinds = ["prompt", "messages", "text"].filter(has)
    guard kinds.count <= 1 else { throw .conflictingFields(fields: kinds, source: item.source) }
    switch kinds.first {
    case "prompt":
      let answers = ["response", "completion"].filter(has)
      guard answers.count <= 1 else { throw .conflictingFields(fields: answers, source: item.source) }
      guard let answer = answers.first else {
        throw item.missing("'response' (or 'completion') with its 'prompt'", wanted: fields)
      }
      return .promptResponse(prompt: try item.string("prompt"), response: try item.text(answer))
    case "messages": return .chat(try messages(of: item))
    case "text": return .text(try item.text("text"))
    default: throw item.missing("'prompt' and 'response', 'messages', or 'text'", wanted: fields)
    }
  }

  private static func subspaces(of item: DatasetObject) throws(TaskError) -> Set<String>? {
    guard let value = item.object["subspaces"], !value.isNull else { return nil }
    guard let names = value.array?.compactMap(\.string), !names.isEmpty, names.count == value.array?.count else {
      throw .wrongKind(field: "subspaces", expected: "an array of names", got: value.kind, source: item.source)
    }
    return Set(names)
  }

  private static func contrast(of item: DatasetObject) throws(TaskError) -> TrainingRecord.Contrast? {
    let fields = ["positive_prompt", "negative_prompt"]
    let found = fields.filter { item.object[$0].map { !$0.isNull } ?? false }
    if found.isEmpty { return nil }
    guard found.count == 2, item.object["prompt"] != nil else {
      throw item.missing("'prompt', 'positive_prompt' and 'negative_prompt' together", wanted: ["prompt"] + fields)
    }
    return TrainingRecord.Contrast(positive: try item.string(fields[0]), negative: try item.string(fields[1]))
  }

  private static func messages(of item: DatasetObject) throws(TaskError) -> [ChatMessage] {
    let value = item.object["messages"] ?? .null
    guard let list = value.array else {
      throw .wrongKind(field: "messages", expected: "an array", got: value.kind, source: item.source)
    }
    guard !list.isEmpty else { throw .emptyField(field: "messages", source: item.source) }
    var messages: [ChatMessage] = []
    for (i, value) in list.enumerated() {
      let source = "\(item.source), message \(i + 1)"
      guard let object = value.object else {
        throw .wrongKind(field: "messages", expected: "an array of objects", got: value.kind, source: source)
      }
      let message = DatasetObject(object: object, source: source)
      let name = try message.string("role")
      guard let role = ChatMessage.Role(rawValue: name) else {
        let roles = ChatMessage.Role.allCases.map(\.rawValue).joined(separator: ", ")
        throw .malformedField(field: "role", expected: "one of \(roles)", got: name, source: source)
      }
      messages.append(ChatMessage(role: role, content: try message.string("content")))
    }
    guard messages.contains(where: { $0.role == .assistant && !$0.content.isEmpty }) else {
      throw .missingField(
        expected: "a message of the assistant with content, to learn from", found: messages.map(\.role.rawValue),
        nearest: nil, source: item.source)
    }
    return messages
  }
}
