public import Charts

extension TaskReport {
  /// The score by right answer, as a table for the terminal, for markdown or for a page.
  public var classTable: TextTable {
    var table = TextTable([
      .init("right answer"), .init("correct", .right), .init("of", .right), .init("accuracy", .right),
    ])
    for part in classes {
      table.add([part.name, "\(part.correct)", "\(part.total)", NumberForm.percent(1).text(part.accuracy)])
    }
    table.add(["all", "\(correct)", "\(total)", NumberForm.percent(1).text(accuracy)])
    return table
  }

  /// Every question with its answer, wrong ones first.
  public var answerTable: TextTable {
    var table = TextTable([.init("prompt"), .init("right answer"), .init("answer"), .init("right")])
    for example in examples.filter({ !$0.isCorrect }) + examples.filter(\.isCorrect) {
      table.add([
        example.prompt, example.references.joined(separator: " / "), example.prediction,
        example.isCorrect ? "yes" : "no",
      ])
    }
    return table
  }

  /// The report as a page to look at.
  ///
  /// - Parameters:
  ///   - title: what was evaluated.
  ///   - answers: how many answers are shown, wrong ones first; 100 are what a person will scroll through.
  public func page(title: String, answers: Int = 100) -> ReportPage {
    let shown = TextTable(answerTable.columns, rows: Array(answerTable.rows.prefix(answers)))
    return ReportPage(
      title: title, subtitle: "Task \(task): \(NumberForm.percent(1).text(accuracy)) of \(total) answers are right",
      blocks: [
        .keyValues([
          ("correct", "\(correct) of \(total)"), ("tokens read", "\(promptTokens)"),
          ("tokens written", "\(generatedTokens)"), ("seconds", NumberForm.decimals(1).text(seconds)),
          ("tokens a second", NumberForm.short.text(tokensPerSecond)),
          ("temperature", decoding.temperature == 0 ? "0 (greedy)" : NumberForm.short.text(decoding.temperature)),
          ("new tokens at most", "\(decoding.maximumNewTokens)"),
        ]),
        .heading("By right answer"), .table(classTable), .heading("Answers"),
        .table(shown, caption: "\(shown.rows.count) of \(total) answers, wrong ones first"),
      ])
  }
}
