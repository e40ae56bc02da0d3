import Diagnostics
import Testing

@testable import Tasks

@Suite struct StatementReaderTests {
  private func read(_ text: String, named name: String = "data.jsonl") throws -> Statements {
    try withFile(text, named: name) { try StatementReader.read($0) }
  }

  private func failure(_ text: String, named name: String = "data.jsonl") throws -> String {
    try withFile(text, named: name) { path in
      do throws(TaskError) {
        return "read: \(try StatementReader.read(path).items.count)"
      } catch {
        return error.description.replacing(path, with: name)
      }
    }
  }

  @Test func `pairs follow each other, the positive one first`() throws {
    let found = try read(
      """
      {"positive": "yes", "negative": "no"}
      {"prompt": "Say: ", "positive": "a", "negative": "b"}
      """)
    #expect(found.arePaired && found.groupCount == 2)
    #expect(found.items.map(\.text) == ["yes", "no", "Say: a", "Say: b"])
    #expect(found.items.map(\.label) == [true, false, true, false])
    #expect(found.items.map(\.group) == [0, 0, 1, 1])
  }

  @Test func `labelled texts keep their groups`() throws {
    let found = try read(
      """
      {"text": "a", "label": true, "group": "x"}
      {"text": "b", "label": 0, "group": "y"}
      {"text": "c", "label": false, "group": "x"}
      {"text": "d", "label": 1}
      """)
    #expect(!found.arePaired && found.items.map(\.group) == [0, 1, 0, 2])
    #expect(found.items.map(\.label) == [true, false, false, true])
  }

  @Test func `TruthfulQA's table and its tasks become questions with all their answers`() throws {
    let csv = try read(
      "\u{FEFF}Type,Question,Best Answer,Correct Answers,Incorrect Answers,Source\r\n"
        + "a,\"Is it, \"\"so\"\"?\",x,\"Yes; It is,\r\nvery\",No; ,s\r\n", named: "questions.csv")
    #expect(
      csv.items.map(\.text) == [
        "Q: Is it, \"so\"? A: Yes", "Q: Is it, \"so\"? A: It is,\r\nvery", "Q: Is it, \"so\"? A: No",
      ])
    #expect(csv.items.map(\.label) == [true, true, false] && csv.groupCount == 1)
    let tasks = try read(#"[{"question": "Q1?", "mc2_targets": {"A": 1, "B": 0}}]"#, named: "mc_task.json")
    #expect(tasks.items.map(\.text) == ["Q: Q1? A: A", "Q: Q1? A: B"] && tasks.items.map(\.label) == [true, false])
  }

  @Test func `what cannot be read is one clear error`() throws {
    #expect(try failure(#"{"text": "a"}"#).contains("'label' with its 'text'"))
    #expect(try failure(#"{"text": "a", "label": 2}"#).contains("'label' must be true, false, 1 or 0, got 2"))
    #expect(try failure(#"{"positive": "a"}"#).contains("negative"))
    #expect(try failure(#"{"positiv": "a", "negative": "b"}"#).contains("there is a field 'positiv'"))
    #expect(
      try failure("{\"text\": \"a\", \"label\": 1}\n{\"positive\": \"a\", \"negative\": \"b\"}").contains("line 2"))
    #expect(try failure("a,b\n1\n", named: "x.csv").contains("2 fields, as the header has"))
    #expect(try failure("a,b\n\"1,2\n", named: "x.csv").contains("a closing quote"))
    #expect(try failure("a,b\n1,2\n", named: "x.csv").contains("a column 'Question'"))
    #expect(try failure("", named: "x.csv").contains("the dataset is empty"))
  }
}
