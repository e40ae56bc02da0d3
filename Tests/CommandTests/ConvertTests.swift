import Foundation
import JSON
import Testing
import _TestSupport

@Suite(.engineAlone) struct ConvertTests {
  private let place: Workplace

  init() throws {
    place = try Workplace()
    try FileManager.default.copyItem(
      atPath: Golden.folder("foreign_pyreft") + "/loreft", toPath: place.path("theirs"))
  }

  @Test func `an adapter of pyreft becomes ours, and the report has every key`() throws {
    let outcome = try place.reft(
      "convert", "theirs", "--model", "model", "--output", "ours", "--set", "positions=f2+l2", "--json"
    ).succeeded()
    let report = try outcome.json()
    #expect(report["from"] == "pyreft")
    #expect(report["to"] == "reft")
    #expect(report["mapped"]?.array?.count == 6)
    #expect(report["leftover"] == [])
    #expect(
      report["missing"]?.array?.first == ["key": "positions", "note": "f2+l2, as given"])
    let facts = try place.reft("inspect", "ours", "--json").succeeded().json()
    #expect(facts["method"] == "loreft")
    #expect(facts["locations"] == "0,2.block_output@f2+l2")
    #expect(facts["base"]?["source"] == "model")

  }

  @Test func `ours goes back, and the report for people says what pyreft must be told`() throws {
    try place.reft("convert", "theirs", "--model", "model", "--output", "ours", "--positions", "f2+l2").succeeded()
    let outcome = try place.reft("convert", "ours", "--model", "model", "--to", "pyreft", "--output", "again")
      .succeeded()
    #expect(outcome.lines.first == "reft -> pyreft")
    #expect(outcome.lines.contains("mapped: 6"))
    #expect(outcome.lines.contains("not said by pyreft: whoever loads it must: 2"))
    #expect(place.exists("again/intkey_layer_0_comp_block_output_unit_pos_nunit_1#0.bin"))
  }

  @Test func `bad requests are one clear error each`() throws {
    try place.refuses(
      ["convert", "theirs", "--model", "model", "--output", "x", "--to", "pefd"],
      saying: ["unknown format 'pefd'", "did you mean 'peft'?"])
    try place.refuses(
      ["convert", "model", "--model", "model", "--output", "x"], saying: ["no known format of adapters", "--from"])
    try place.refuses(
      ["convert", "theirs", "--model", "model", "--output", "x", "--set", "positions"],
      saying: ["'--set' must be key=value, got 'positions'"])
    try place.refuses(
      ["convert", "theirs", "--model", "model", "--output", "x", "--set", "dropuot=1"],
      saying: ["settings that nobody asks for: dropuot", "did you mean 'dropout'?"])
    try place.refuses(
      ["convert", "theirs", "--model", "model", "--to", "peft", "--output", "x"], saying: ["peft cannot hold"])
  }
}
