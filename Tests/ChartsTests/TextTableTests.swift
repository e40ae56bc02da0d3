import Testing

@testable import Charts

@Suite struct TextTableTests {
  private let table = TextTable(
    [.init("method"), .init("parameters", .right), .init("accuracy", .right)],
    rows: [["base", "0", "0.0%"], ["LoReFT", "276,720", "56.7%"]])

  @Test func `columns are aligned for a terminal`() {
    #expect(
      table.render(.plain) == """
        method  parameters  accuracy
        ──────  ──────────  ────────
        base             0      0.0%
        LoReFT     276,720     56.7%

        """)
  }

  @Test func `Markdown tells GitHub the alignment`() {
    #expect(
      table.render(.markdown) == """
        | method | parameters | accuracy |
        |--------|-----------:|---------:|
        | base   |          0 |     0.0% |
        | LoReFT |    276,720 |    56.7% |

        """)
  }

  @Test func `wide letters and joined emoji keep the columns in line`() {
    let table = TextTable(
      [.init("a"), .init("b")], rows: [["漢字", "x"], ["e\u{301}te", "x"], ["👩‍👩‍👧", "x"], ["한", "x"]])
    #expect(table.render(.plain) == "a     b\n────  ─\n漢字  x\ne\u{301}te   x\n👩‍👩‍👧    x\n한    x\n")
  }

  @Test func `text from outside stays text`() {
    let table = TextTable([.init("n")], rows: [["a|b\n\u{1B}[2J<i>*"], []])
    #expect(table.render(.plain).split(separator: "\n")[2] == "a|b [2J<i>*")
    #expect(table.render(.markdown).contains("| a\\|b \\[2J&lt;i&gt;\\* |"))
    #expect(table.rows[1] == [""])
  }
}
