import Testing

import JSON

@Suite struct JSONParserTests {
  @Test func `a document reads back as it was written`() throws {
    let text = #"{"b":1,"a":[1.5,true,null,"x\n\"é😀"],"c":{"d":-3}}"#
    #expect(try JSONValue(parsing: text, source: "t").text == text)
  }

  @Test func `escapes and surrogate pairs become characters`() throws {
    #expect(try JSONValue(parsing: #""\u00e9\ud83d\ude00\/\b""#, source: "t") == .string("é😀/\u{8}"))
    #expect(try JSONValue(parsing: #""\ud83d""#, source: "t") == .string("\u{FFFD}"))
  }

  @Test func `whole numbers, fractions and booleans stay apart`() throws {
    #expect(try JSONValue(parsing: "[1, 1.0, true]", source: "t") == [.integer(1), .number(1), .bool(true)])
  }

  @Test func `a name that stands twice is an error with its line`() {
    #expect(throws: JSONError.duplicateKey(key: "a", source: "t", line: 2)) {
      try JSONValue(parsing: "{\"a\":1,\n\"a\":2}", source: "t")
    }
  }

  @Test func `composed and decomposed spellings are different names`() throws {
    let object = try #require(JSONValue(parsing: #"{"\u304c":1,"\u304b\u3099":2}"#, source: "t").object)
    #expect(object.count == 2)
    #expect(object["\u{304c}"] == 1 && object["\u{304b}\u{3099}"] == 2)
  }

  @Test(arguments: ["", "{", "[1,]", "{\"a\" 1}", "01", "1.", "\"a", "nul", "[1] 2", "\"\\x\"", "+1", "1e999"])
  func `broken text is a syntax error`(text: String) {
    #expect(throws: JSONError.self) { try JSONValue(parsing: text, source: "t") }
  }

  @Test func `a syntax error names line and column`() {
    #expect(throws: JSONError.syntax(problem: "a value cannot begin with '?'", source: "t", line: 2, column: 3)) {
      try JSONValue(parsing: "[1,\n  ?]", source: "t")
    }
  }

  @Test func `nesting without end is refused`() {
    #expect(throws: JSONError.self) {
      try JSONValue(parsing: String(repeating: "[", count: 100_000), source: "t")
    }
  }

  @Test func `a reader names the missing key, the wrong kind and the nearest name`() throws {
    let reader = try JSONReader(JSONValue(parsing: #"{"hiden_size": "x"}"#, source: "f"), source: "f")
    #expect(throws: JSONError.missing(key: "hidden_size", source: "f", nearest: "hiden_size")) {
      try reader.int("hidden_size")
    }
    #expect(throws: JSONError.type(key: "hiden_size", expected: "a whole number", got: "a string", source: "f")) {
      try reader.int("hiden_size")
    }
  }
}
