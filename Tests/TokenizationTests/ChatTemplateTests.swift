import JSON
import Testing

@testable import Tokenization

@Suite struct `Chat templates` {
  @Test func `a rendered chat has each special token as a single id`() throws {
    let chats = try GoldenChat.all()
    let chat = try #require(chats.first { $0.model.contains("SmolLM2") && $0.conversation == "turns" && $0.prompt })
    let text = try chat.rendered()
    let tokenizer = try Tokenizer(gguf: `A tokenizer from GGUF`.vocabulary(), source: "g")
    let ids = tokenizer.encode(text, addSpecialTokens: false).ids
    let begin = try #require(tokenizer.id(of: "<|im_start|>"))
    let end = try #require(tokenizer.id(of: "<|im_end|>"))
    #expect(ids.filter { $0 == begin }.count == 5)  // system, three turns, the opened answer
    #expect(ids.filter { $0 == end }.count == 4)
    #expect(tokenizer.decode(ids) == text)
  }

  @Test func `a refusal by the template carries its message and line`() throws {
    let template = try ChatTemplate(
      "{% if true %}\n{{ raise_exception('No ' ~ messages[0].role) }}\n{% endif %}", name: "t.jinja")
    #expect(throws: TokenizerError.refusedByTemplate(message: "No user", line: 2, name: "t.jinja")) {
      try template.render([ChatMessage(role: "user", content: "")], addGenerationPrompt: false)
    }
  }

  @Test(arguments: [
    ("{% block x %}{% endblock %}", 1, 4, "block"), ("a\nb {% include 'x' %}", 2, 6, "include"),
    ("{% raw %}{{ }}{% endraw %}", 1, 4, "raw"), ("{{ 2 ** 3 }}", 1, 6, "**"), ("{{ f(*x) }}", 1, 6, "*"),
    ("{{ dict(**x) }}", 1, 9, "**"), ("{% for x in y recursive %}{% endfor %}", 1, 15, "recursive"),
    ("{% macro f() %}{{ kwargs }}{% endmacro %}", 1, 19, "kwargs"), ("{% if x %}", 1, 11, "endif"),
    ("{% endif %}", 1, 4, "endif"), ("{% for x in y %}{% endif %}", 1, 17, "endfor"),
    ("{{ 'a }}", 1, 4, "string"), ("{{ a ", 1, 1, "}}"), ("{# a", 1, 1, "#}"), ("{{ a ? b }}", 1, 6, "?"),
    ("{{ }}", 1, 4, "expression"), ("{{ a b }}", 1, 6, "'b'"), ("{{ 99999999999999999999 }}", 1, 4, "large"),
    ("{{ a.0 }}", 1, 6, ".0"), ("{% for in x %}{% endfor %}", 1, 8, "'in'"), ("{% break %}", 1, 4, "break"),
    ("{% for x in y %}{% macro f() %}{% continue %}{% endmacro %}{% endfor %}", 1, 35, "continue"),
    ("{% call f %}{% endcall %}", 1, 4, "call"), ("{{ f(a=1, 2) }}", 1, 11, "name"),
    ("{% macro f(a=1, b) %}{% endmacro %}", 1, 17, "default"), ("{{ x is defined is string }}", 1, 17, "is"),
    ("{% set a, b %}{% endset %}", 1, 13, "="),
  ])
  func `what is outside of the subset is an error with line and column`(
    source: String, line: Int, column: Int, named: String
  ) {
    do {
      _ = try ChatTemplate(source, name: "t")
      Issue.record("no error for \(source)")
    } catch {
      guard case .template(let problem, line, column, "t", _) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(problem.contains(named))
    }
  }

  @Test(arguments: [
    ("{{ nothing.role }}", "undefined"), ("{{ 'a' + 1 }}", "+"), ("{{ 'a' + nothing }}", "+"), ("{{ 1 // 0 }}", "//"),
    ("{{ 1 % 0 }}", "%"), ("{{ 9223372036854775807 + 1 }}", "+"), ("{{ -9223372036854775807 - 2 }}", "-"),
    ("{{ (-9223372036854775807 - 1) // -1 }}", "//"), ("{{ (-9223372036854775807 - 1) | abs }}", "-"),
    ("{{ (-9223372036854775807 - 1) is divisibleby -1 }}", ""), ("{{ 'a' < 1 }}", "<"), ("{{ range }}", "printed"),
    ("{{ namespace() }}", "printed"), ("{{ messages | map('upper') }}", "lazy"), ("{{ 'abc'[::0] }}", "step"),
    ("{{ nothing[2:] }}", "slice"), ("{{ range(1000000000) | length }}", "range"), ("{{ range(0, 9, 0) }}", "range"),
    ("{% for a, b in ['x'] %}{% endfor %}", "names"), ("{% for a in 5 %}{% endfor %}", "list"),
    ("{% set messages.x = 1 %}", "namespace"), ("{{ none | length }}", "length"), ("{{ nothing | tojson }}", "tojson"),
    ("{{ 'a'.split('') }}", "separator"), ("{{ (1).upper() }}", "upper"), ("{{ messages.append }}", "append"),
    ("{{ messages[0].update }}", "update"), ("{{ ''.__class__.__mro__ }}", "__class__"), ("{{ {[1]: 2} }}", "key"),
    ("{{ messages | titlecase }}", "titlecase"), ("{{ messages is prime }}", "prime"), ("{{ cycler(1) }}", "cycler"),
    ("{{ 'a'.swapcase() }}", "swapcase"), ("{{ 'a'.nope() }}", "nope"), ("{{ messages.append(1) }}", "append"),
    ("{% for m in messages %}{{ loop.changed(1) }}{% endfor %}", "changed"), ("{{ (1)(2) }}", "called"),
    ("{{ '{'.format(1) }}", "partner"),
    ("{{ '{:d}'.format(1) }}", "{:d}"), ("{{ strftime_now('%d') }}", "date"), ("{{ messages | map('nope') }}", "nope"),
    ("{{ 'a'.upper(1) }}", "many"),
    ("{{ 'a' | replace('b') }}", "new"), ("{{ 'a' | trim(5) }}", "string"), ("{{ 'a' | tojson(sort=1) }}", "sort"),
  ])
  func `what cannot be computed is an error and not a crash`(source: String, named: String) throws {
    let template = try ChatTemplate(source, name: "t")
    do {
      _ = try template.render([ChatMessage(role: "user", content: "c")], addGenerationPrompt: false)
      Issue.record("no error for \(source)")
    } catch {
      guard case .template(let problem, 1, _, "t", _) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(problem.contains(named))
    }
  }

  @Test(arguments: [
    "{{ " + String(repeating: "(", count: 5000), "{{ " + String(repeating: "[", count: 5000),
    "{{ " + String(repeating: "not ", count: 5000) + "a }}", "{{ " + String(repeating: "-", count: 5000) + "1 }}",
    String(repeating: "{% if a %}", count: 5000), String(repeating: "{% with %}", count: 5000),
    "{{ a" + String(repeating: ".b", count: 5000) + " }}", "{{ a" + String(repeating: "|trim", count: 5000) + " }}",
    "{{ a" + String(repeating: "[0", count: 5000) + " }}",
    "{{ " + String(repeating: "a if b else ", count: 5000) + "a }}",
    "{% for " + String(repeating: "(", count: 5000) + "a in b %}{% endfor %}",
  ])
  func `a template nested without end is an error`(source: String) {
    #expect(throws: TokenizerError.self) { try ChatTemplate(source, name: "t") }
  }

  @Test(arguments: [
    // Time
    ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "steps"),
    ("{% for a in range(99999) %}{{ range(99999) | list | length }}{% endfor %}", "steps"),
    ("{% set x = 'a' * 999999 %}{% for a in range(99999) %}{{ 'aab' in x }}{% endfor %}", "steps"),
    ("{% set x = 'a' * 999999 %}{% for a in range(99999) %}{% set y = x[a] %}{% endfor %}", "steps"),
    // Memory
    ("{{ 'a' * 9999999999 }}", "grows"), ("{{ [0] * 9999999999999999 }}", "grows"),
    ("{{ 'a' | indent(999999999) }}", "grows"),
    ("{{ '1'.zfill(999999999) }}", "grows"),
    ("{% set n = namespace(x='aaaa') %}{% for a in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}", "grows"),
    (
      "{% set n = namespace(x='aaaa') %}{% for a in range(99) %}{% set n.x = n.x.replace('a', n.x) %}{% endfor %}",
      "grows"
    ),
    ("{% set n = namespace(x='aaaa') %}{% for a in range(99) %}{% set n.x = n.x | join(n.x) %}{% endfor %}", "grows"),
    ("{% set x = 'a' * 999999 %}{% for a in range(99) %}{{ x }}{% endfor %}", "grows"),
    ("{% set n = namespace(x=[0]) %}{% for a in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}", "steps"),
    ("{% set n = namespace(x=[]) %}{% for a in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}", "steps"),
    (
      "{% set n = namespace(x=[]) %}{% for a in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x | tojson }}",
      "steps"
    ),
    (
      "{% set n = namespace(x=[], y=[]) %}{% for a in range(60) %}{% set n.x = [n.x, n.x] %}{% set n.y = [n.y, n.y] %}"
        + "{% endfor %}{{ n.x == n.y }}", "steps"
    ),
    // Stack
    ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "deep"),
    (
      "{% macro f(g) %}{% if true %}{% for x in [1] %}{{ g(g) }}{% endfor %}{% endif %}{% endmacro %}{{ f(f) }}", "deep"
    ),
    ("{% macro f() %}{% call f() %}{% endcall %}{% endmacro %}{{ f() }}", "deep"),
    ("{% set n = namespace(x=[]) %}{% for a in range(99999) %}{% set n.x = [n.x] %}{% endfor %}", "deep"),
    ("{% set n = namespace(x={}) %}{% for a in range(99999) %}{% set n.x = dict(a=n.x) %}{% endfor %}", "deep"),
    ("{% set n = namespace(x=[]) %}{% for a in range(99999) %}{% set n.x = (n.x,) %}{% endfor %}", "deep"),
    ("{% set n = namespace(x={}) %}{% for a in range(99999) %}{% set n.x = {'a': n.x}.items() %}{% endfor %}", "deep"),
    ("{% set n = namespace(x=[]) %}{% for a in range(99999) %}{% set n.x = [n.x].count %}{% endfor %}", "deep"),
  ])
  func `a template that would not end is an error`(source: String, named: String) throws {
    var template = try ChatTemplate(source, name: "t")
    template.limits.steps = 300_000
    template.limits.text = 1 << 20
    do {
      _ = try template.render([], addGenerationPrompt: false)
      Issue.record("no error for \(source)")
    } catch {
      guard case .template(let problem, 1, _, "t", _) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(problem.contains(named))
    }
  }

  @Test func `a long chain of operators is no nesting`() throws {
    let source =
      "{{ " + String(repeating: "'a' ~ ", count: 5000) + "(1" + String(repeating: " + 1", count: 5000) + ") }}"
    let text = try ChatTemplate(source, name: "t").render([], addGenerationPrompt: false)
    #expect(text == String(repeating: "a", count: 5000) + "5001")
  }

  @Test func `what is outside of the subset is no error where no conversation reaches it`() throws {
    let template = try ChatTemplate(
      "{% if tools %}{{ tools | titlecase }}{{ tools.append(1) }}{% endif %}text", name: "t")
    #expect(try template.render([], addGenerationPrompt: false) == "text")
    #expect(throws: TokenizerError.self) { try template.render([], tools: ["f"], addGenerationPrompt: false) }
  }

  @Test func `an error for a construct names what is supported`() throws {
    for (source, kind) in [
      ("{{ x | titlecase }}", "filter"), ("{{ x is prime }}", "test"), ("{% do x %}", "statement"),
      ("{{ ''.nope() }}", "method"), ("{{ cycler(1) }}", "function"),
    ] {
      let supported = try #require(ChatTemplate.supported.first { $0.kind == kind })
      #expect(!supported.names.isEmpty)
      do {
        _ = try ChatTemplate(source, name: "t").render([], addGenerationPrompt: false)
        Issue.record("no error for \(source)")
      } catch {
        let remedy = try #require(error.remedy)
        for name in supported.names { #expect(remedy.contains(name)) }
      }
    }
  }

  @Test(arguments: [
    (ChatDate(year: 2024, month: 2, day: 29), "Thursday 29 February 2024 060"),
    (ChatDate(year: 2025, month: 12, day: 31), "Wednesday 31 December 2025 365"),
    (ChatDate(year: 2000, month: 3, day: 1), "Wednesday 01 March 2000 061"),
    (ChatDate(year: 1900, month: 3, day: 1), "Thursday 01 March 1900 060"),
  ])
  func `a date is written as strftime writes it`(date: ChatDate, expected: String) throws {
    let template = try ChatTemplate("{{ strftime_now('%A %d %B %Y %j') }}", name: "t")
    #expect(try template.render([], addGenerationPrompt: false, date: date) == expected)
  }

  @Test func `an unknown directive of a date is named`() throws {
    let template = try ChatTemplate("{{ strftime_now('%d %Q') }}", name: "t")
    let error = #expect(throws: TokenizerError.self) {
      try template.render([], addGenerationPrompt: false, date: ChatDate(year: 2024, month: 1, day: 1))
    }
    #expect(error?.problem.contains("%Q") ?? false)
  }

  @Test func `a conversation nested without end is an error`() throws {
    var content: JSONValue = "x"
    for _ in 0..<300 { content = [content] }
    let message = ChatMessage(["role": "user", "content": content])
    #expect(throws: TokenizerError.self) {
      try ChatTemplate("{{ messages }}", name: "t").render([message], addGenerationPrompt: false)
    }
  }
}
