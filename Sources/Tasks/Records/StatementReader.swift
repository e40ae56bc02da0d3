import JSON

/// Reads labelled texts from JSON lines, a JSON array, or TruthfulQA's own files.
///
/// A record is one of
///
///     {"positive": "…", "negative": "…"}                    also with a "prompt" that stands before both
///     {"text": "…", "label": true}                          true, false, 1 or 0; also with a "group"
///     {"question": "…", "mc2_targets": {"answer": 1, …}}    TruthfulQA's mc_task.json
///
/// and a name that ends in `.csv` is TruthfulQA's table of questions. Its answers become `Q: … A: …`, as ITI has them.
public enum StatementReader {
  /// Every text of a file, in order.
  ///
  /// - Throws: a `TaskError` that names the file and line of the first record that cannot be used.
  public static func read(_ path: String) throws(TaskError) -> Statements {
    if path.lowercased().hasSuffix(".csv") { return try table(path) }
    var items: [Statement] = []
    var groups: [String: Int] = [:]
    var kinds: Set<String> = []
    for (index, record) in try DatasetFile.objects(at: path).enumerated() {
      let forms = [("positive", "pair"), ("text", "text"), ("mc2_targets", "question")].filter {
        record.object[$0.0].map { !$0.isNull } ?? false
      }
      guard forms.count <= 1 else {
        throw .conflictingFields(fields: forms.map(\.0), source: record.source)
      }
      guard let kind = forms.first?.1 else {
        throw record.missing(
          "'positive' and 'negative', or 'text' and 'label', or 'question' and 'mc2_targets'",
          wanted: ["positive", "negative", "text", "label", "question", "mc2_targets"])
      }
      kinds.insert(kind)
      guard kinds.count == 1 else { throw .conflictingFields(fields: kinds.sorted(), source: record.source) }
      switch kind {
      case "pair":
        let prompt = record.object["prompt"].map { !$0.isNull } ?? false ? try record.string("prompt") : ""
        for (field, label) in [("positive", true), ("negative", false)] {
          items.append(
            Statement(text: prompt + (try record.text(field)), label: label, group: index, source: record.source))
        }
      case "text":
        let name = record.object["group"].flatMap { $0.isNull ? nil : $0.text } ?? "#\(index)"
        let group = groups[name] ?? groups.count
        groups[name] = group
        items.append(
          Statement(text: try record.text("text"), label: try record.label(), group: group, source: record.source))
      default: items += try answers(record, group: index)
      }
    }
    return Statements(items: items, arePaired: kinds == ["pair"])
  }

  private static func answers(_ record: DatasetObject, group: Int) throws(TaskError) -> [Statement] {
    let question = try record.text("question")
    guard let targets = record.object["mc2_targets"]?.object else {
      throw .wrongKind(
        field: "mc2_targets", expected: "an object", got: record.object["mc2_targets"]?.kind ?? "nothing",
        source: record.source)
    }
    var items: [Statement] = []
    for (answer, value) in targets {
      guard let label = value.int.flatMap({ [0: false, 1: true][$0] }) else {
        throw .wrongKind(
          field: "mc2_targets", expected: "0 or 1 for each answer", got: value.text, source: record.source)
      }
      items.append(
        Statement(text: scaffold(question, answer), label: label, group: group, source: record.source))
    }
    return items
  }

  private static func scaffold(_ question: String, _ answer: String) -> String { "Q: \(question) A: \(answer)" }

  /// TruthfulQA's CSV: answers are separated by semicolons.
  private static func table(_ path: String) throws(TaskError) -> Statements {
    var items: [Statement] = []
    for (index, record) in try CSVFile.records(at: path).enumerated() {
      func field(_ name: String) throws(TaskError) -> String {
        guard let value = record.fields[name] else {
          throw .missingField(
            expected: "a column '\(name)'", found: record.fields.keys.sorted(), nearest: nil, source: record.source)
        }
        return value
      }
      let question = try field("Question")
      for (name, label) in [("Correct Answers", true), ("Incorrect Answers", false)] {
        for part in try field(name).split(separator: ";") {
          let answer = String(part).trimmed
          guard !answer.isEmpty else { continue }
          items.append(
            Statement(text: scaffold(question, answer), label: label, group: index, source: record.source))
        }
      }
    }
    guard !items.isEmpty else { throw .emptyDataset(path: path) }
    return Statements(items: items, arePaired: false)
  }
}

extension DatasetObject {
  /// `label`: true, false, 1 or 0.
  fileprivate func label() throws(TaskError) -> Bool {
    guard let value = object["label"], !value.isNull else {
      throw missing("'label' with its 'text'", wanted: ["text", "label", "group"])
    }
    if let label = value.bool { return label }
    guard let label = value.int.flatMap({ [0: false, 1: true][$0] }) else {
      throw .wrongKind(field: "label", expected: "true, false, 1 or 0", got: value.text, source: source)
    }
    return label
  }
}

extension String {
  fileprivate var trimmed: String {
    let kept = drop { $0.isWhitespace }
    return String(kept.prefix(kept.count - kept.reversed().prefix { $0.isWhitespace }.count))
  }
}
