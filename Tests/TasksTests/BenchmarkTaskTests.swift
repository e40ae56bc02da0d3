import Diagnostics
import Testing

@testable import Tasks

@Suite struct BenchmarkTaskTests {
  @Test(arguments: [
    ("uncle", "uncle"), (" Uncle.\nPaul is", "uncle"), ("mother-in-law . ", "mother-in-law"), ("uncle..", "uncle."),
    ("\nuncle", ""), ("", ""), ("the uncle", "the uncle"), ("UNCLE\r\nx", "uncle"), ("uncle\u{A0}", "uncle"),
    ("uncle. He", "uncle. he"),
  ])
  func `a kinship prediction is the first line, trimmed, in lower case`(generation: String, prediction: String) {
    #expect(KinshipTask().prediction(from: generation) == prediction)
  }

  // Expected values: "<prompt 's\n>" + generation through `seq.split("'s\n")[1].split('.')[0].strip().lower()` in Python.
  @Test(arguments: [
    ("uncle", "uncle"), ("Uncle. He is", "uncle"), ("\n uncle\n", "uncle"), ("uncle\nfoo", "uncle\nfoo"), (".", ""),
    ("Bob 's\naunt.", "bob"), ("'s\nuncle", ""), ("mother-in-law's\nx", "mother-in-law"), ("uncle.\u{301}", "uncle"),
    ("\u{1F}uncle", "uncle"), ("uncle 's\r\naunt", "uncle 's\r\naunt"), ("", ""),
  ])
  func `a CLUTRR prediction is read as the reference reads it`(generation: String, prediction: String) {
    #expect(ClutrrTask().prediction(from: generation) == prediction)
  }

  @Test func `a CLUTRR prompt is the reference's, odd spaces and all`() throws {
    let text = """
      [{"id": "1", "story": "x", "clean_story": "[Ann] met her son [Bob]. [Bob]'s son is [Cy].", "query": "('Ann', 'Cy')",
        "target": 3, "target_text": "grandson"}]
      """
    try withFile(text, named: "test.json") { path in
      let example = try #require(try ClutrrTask().examples(at: path).first)
      // Printed by `CLUTRR.format_clutrr_prompt` of fc2869/lo-fit, utils/dataloaders.py, for this item.
      let prompt =
        "Read the following story about a family. \"Ann met her son Bob. Bob's son is Cy.\" Assume the relations described "
        + "in the story are all true. Based on relations between the fictional characters in the story (assume the "
        + "relations are all true) and your commonsense knowledge about family relationship, how is  Cy related to Ann? "
        + "Answer:  Cy is Ann 's\n"
      #expect(example.prompt == prompt)
      #expect(example.references == ["grandson"])
      #expect(example.record.content == .promptResponse(prompt: prompt, response: "grandson"))
      #expect(example.record.source == "\(path), item 1")
    }
  }

  @Test(arguments: ["Ann, Bob", "('Ann')", "('Ann', 'Bob', 'Cy')", "()"])
  func `a CLUTRR query that is not two names is an error`(query: String) throws {
    try withFile("{\"clean_story\": \"x\", \"query\": \"\(query)\", \"target_text\": \"son\"}") { path in
      #expect(
        throws: TaskError.malformedField(
          field: "query", expected: "two names as in ('Ann', 'Bob')", got: query, source: "\(path), line 1")
      ) { try ClutrrTask().examples(at: path) }
    }
  }

  @Test func `a file of another task is an error that says what is missing`() throws {
    try withFile("{\"prompt\": \"x\", \"response\": \"y\"}") { path in
      #expect(
        throws: TaskError.missingField(
          expected: "'clean_story'", found: ["prompt", "response"], nearest: nil, source: "\(path), line 1")
      ) { try ClutrrTask().examples(at: path) }
    }
  }

  @Test func `the puzzles we write are the puzzles the task reads`() throws {
    let data = try KinshipPuzzles.generate(seed: 5, train: 0, validation: 0, test: 36)
    try withFile(data.jsonLines(.test)) { path in
      let examples = try KinshipTask().examples(at: path)
      #expect(examples.map(\.prompt) == data.test.map(\.prompt))
      #expect(examples.map(\.references) == data.test.map { [$0.relation.rawValue] })
      let right = data.test.map { " \($0.response).\nNext" }
      let task: any BenchmarkTask = KinshipTask()
      #expect(task.score(right, examples).accuracy == 1)
      let halfRight = right.enumerated().map { $0 % 2 == 0 ? $1 : "cousin" }
      #expect(task.score(halfRight, examples).correctCount == 18)
      #expect(task.score([], []).accuracy == 0)
    }
  }

  @Test func `tasks are found by name, and a slip is answered with the nearest`() throws {
    #expect(try TaskRegistry.standard.task(named: "clutrr").name == "clutrr")
    #expect(Set(TaskRegistry.standard.names).count == TaskRegistry.standard.tasks.count)
    do throws(TaskError) {
      _ = try TaskRegistry.standard.task(named: "kinshp")
      Issue.record("found a task that does not exist")
    } catch {
      #expect(error == .unknownTask(name: "kinshp", known: ["kinship", "clutrr"]))
      #expect(error.remedy?.contains("did you mean 'kinship'?") == true)
    }
  }
}
