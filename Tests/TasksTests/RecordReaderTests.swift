import Diagnostics
import Testing

@testable import Tasks

@Suite struct RecordReaderTests {
  private func contents(_ text: String, named name: String = "data.jsonl") throws -> [TrainingRecord.Content] {
    try withFile(text, named: name) { try RecordReader.read($0).map(\.content) }
  }

  /// The error of reading the text, its path cut down to the file's name.
  private func failure(_ bytes: [UInt8], named name: String = "data.jsonl") throws -> String {
    try withFile(bytes, named: name) { path in
      do throws(TaskError) {
        return "read: \(try RecordReader.read(path))"
      } catch {
        return error.description.replacing(path, with: name)
      }
    }
  }
  private func failure(_ text: String) throws -> String { try failure(Array(text.utf8)) }

  @Test func `each form of record is read`() throws {
    let text = """
      {"prompt": "2+2=", "response": "4", "note": 1}
      {"prompt": "", "completion": "é\\n"}
      {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]}
      {"text": "plain"}
      """
    #expect(
      try contents(text) == [
        .promptResponse(prompt: "2+2=", response: "4"), .promptResponse(prompt: "", response: "é\n"),
        .chat([ChatMessage(role: .user, content: "hi"), ChatMessage(role: .assistant, content: "ho")]), .text("plain"),
      ])
  }

  @Test func `a record knows its file and line`() throws {
    try withFile("\n{\"text\": \"a\"}\n\n{\"text\": \"b\"}") { path in
      let records = try RecordReader.read(path)
      #expect(records.map(\.source) == ["\(path), line 2", "\(path), line 4"])
    }
    try withFile("[{\"text\": \"a\"},\n{\"text\": \"b\"}]", named: "data.json") { path in
      let records = try RecordReader.read(path)
      #expect(records.map(\.source) == ["\(path), item 1", "\(path), item 2"])
    }
  }

  @Test func `a byte order mark, carriage returns and blank last lines are passed over`() throws {
    let bytes = [0xEF, 0xBB, 0xBF] + Array("{\"text\": \"a\"}\r\n{\"text\": \"b\"}\r\n\r\n  \n".utf8)
    let count = try withFile(bytes) { try RecordReader.read($0).count }
    #expect(count == 2)
  }

  @Test(arguments: ["", "\n \r\n", "[]"])
  func `an empty dataset is an error`(text: String) throws {
    try withFile(text) { path in
      #expect(throws: TaskError.emptyDataset(path: path)) { try RecordReader.read(path) }
    }
  }

  @Test func `a missing field names file, line and the nearest name`() throws {
    #expect(
      try failure("{\"text\": \"a\"}\n{\"prompt\": \"a\", \"respone\": \"b\"}") == """
        a record needs 'response' (or 'completion') with its 'prompt', got 'prompt', 'respone' (data.jsonl, line 2)
        fix: there is a field 'respone': was that meant?
        """)
    #expect(
      try failure("{\"promt\": \"a\", \"response\": \"b\"}") == """
        a record needs 'prompt' and 'response', 'messages', or 'text', got 'promt', 'response' (data.jsonl, line 1)
        fix: there is a field 'promt': was that meant?
        """)
    #expect(try failure("{}").hasPrefix("a record needs 'prompt' and 'response', 'messages', or 'text', got no fields"))
  }

  @Test func `broken JSON names line and column`() throws {
    #expect(
      try failure("{\"text\": \"a\"}\n{\"text\": \"b\"\n").hasPrefix(
        "not valid JSON: expected ',' or '}' in an object (data.jsonl, line 2, column 13)"))
    #expect(
      try failure("{\"text\": \"a\", \"text\": \"b\"}").contains(
        "'text' stands twice in one object (data.jsonl, line 1)"))
    #expect(try failure("{\n  \"text\": \"a\"\n}").contains("one whole JSON object a line"))
  }

  @Test func `a file that is not UTF-8 names the line`() throws {
    #expect(
      try failure(Array("{\"text\": \"a\"}\n{\"text\": \"".utf8) + [0xE9] + Array("\"}".utf8)) == """
        the text is not valid UTF-8 (data.jsonl, line 2)
        fix: save the file as UTF-8
        """)
  }

  @Test func `a field of the wrong kind, an empty answer and two answers are errors`() throws {
    #expect(
      try failure("{\"prompt\": 3, \"response\": \"b\"}").contains("'prompt' must be a string, got a whole number"))
    #expect(try failure("{\"prompt\": \"3\", \"response\": \"\"}").contains("'response' is empty (data.jsonl, line 1)"))
    #expect(
      try failure("{\"prompt\": \"3\", \"response\": \"a\", \"completion\": \"b\"}").contains(
        "only one of 'response', 'completion'"))
    #expect(
      try failure("{\"prompt\": \"3\", \"response\": \"a\", \"text\": \"b\"}").contains("only one of 'prompt', 'text'"))
    #expect(try failure("[1]").contains("'(record)' must be an object, got a whole number (data.jsonl, item 1)"))
  }

  @Test func `a conversation must have known roles, contents and an answer`() throws {
    #expect(try failure("{\"messages\": []}").contains("'messages' is empty"))
    #expect(try failure("{\"messages\": \"hi\"}").contains("'messages' must be an array, got a string"))
    #expect(
      try failure("{\"messages\": [{\"role\": \"human\", \"content\": \"a\"}]}").contains(
        "'role' must be one of system, user, assistant, tool, got 'human' (data.jsonl, line 1, message 1)"))
    #expect(
      try failure("{\"messages\": [{\"role\": \"user\", \"contents\": \"a\"}]}").contains(
        "fix: there is a field 'contents': was that meant?"))
    #expect(
      try failure("{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}").contains("a message of the assistant"))
  }

  @Test func `a path that is not there or is a folder is an error`() throws {
    #expect(throws: TaskError.unreadable(path: "/nowhere/x.jsonl", reason: "there is no such file")) {
      try RecordReader.read("/nowhere/x.jsonl")
    }
    #expect(throws: TaskError.unreadable(path: "/", reason: "it is a folder, expected a file")) {
      try RecordReader.read("/")
    }
  }
}
