import Foundation
import JSON
import Testing
import _TestSupport

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

@Suite(.engineAlone) struct ResumeTests {
  /// 240 updates, with dropout, so that the random stream counts.
  private func writeRecipe(
    _ place: Workplace, _ name: String, method: String = "{name: loreft, rank: 2, dropout: 0.1}",
    locations: String? = "all.block_output@f2+l2"
  ) throws {
    try place.writeRecipe(
      name, method: method, locations: locations, data: "{train: train.jsonl, validation: validation.jsonl}",
      training: "{epochs: 40, batch_size: 1, accumulation: 1, learning_rate: 5e-3, warmup_ratio: 0.1}")
  }

  /// Starts a run and sends it SIGINT as soon as it has done an update.
  private func interrupted(_ place: Workplace, _ arguments: [String], _ name: String) throws -> Outcome {
    let run = try place.start(arguments)
    let deadline = Date(timeIntervalSinceNow: 120)
    while run.process.isRunning, Date() < deadline {
      if let text = try? place.text("\(name).run/metrics.jsonl"), text.contains("\n") { break }
      Thread.sleep(forTimeInterval: 0.002)
    }
    kill(run.process.processIdentifier, SIGINT)
    return try run.finished()
  }

  @Test func `a run that is interrupted is resumed to the very bytes of an uninterrupted one`() throws {
    let place = try Workplace()
    try writeRecipe(place, "whole")
    try place.reft("train", "whole.yaml").succeeded()
    try writeRecipe(place, "cut")

    let cut = try interrupted(place, ["train", "cut.yaml"], "cut")
    #expect(cut.code == 130)
    #expect(cut.output == "")
    #expect(cut.errors.contains("stopping after this step"))
    #expect(cut.errors.contains("the state is in cut.run. Go on with --resume."))
    #expect(!place.exists("cut"))
    #expect(place.exists("cut.run/state/adapter.safetensors"))
    let done = try place.jsonLines("cut.run/metrics.jsonl").count { $0["step"] != nil }
    #expect((1..<240).contains(done))

    // Neither forgotten nor begun again by a slip, and no other run.
    try place.refuses(
      ["train", "cut.yaml"],
      saying: ["an interrupted run", "cut.run/state", "pass --resume to go on with it, or --overwrite"])
    for (change, key) in [
      ("training.learning_rate=1e-3", "settings.learning_rate"), ("locations=all.block_output@f1+l1", "run.locations"),
      ("data.limit=3", "run.examples"),
    ] {
      try place.refuses(
        ["train", "cut.yaml", "--resume", "--set", change],
        saying: ["the saved run cannot be resumed", key, "(cut.run/state)", "fix: resume with the recipe"])
    }

    // Killed in the middle of a line, after updates that the state does not have.
    try place.write("cut.run/metrics.jsonl", place.text("cut.run/metrics.jsonl") + "{\"step\":\(done + 1)}\n{\"ste")
    let resumed = try place.reft("train", "cut.yaml", "--resume", "--json").succeeded()
    #expect(try place.bytes("cut/adapter.safetensors") == place.bytes("whole/adapter.safetensors"))
    #expect(!place.exists("cut.run"))
    #expect(try resumed.json()["epochs"]?.array?.count == 40)
    func losses(_ name: String) throws -> [[JSONValue?]] {
      try place.jsonLines("\(name)/metrics.jsonl").map { [$0["step"], $0["epoch"], $0["loss"], $0["validation_loss"]] }
    }
    #expect(try losses("cut") == losses("whole"))
    #expect(
      try place.json("cut/adapter.json")["metrics"]?["epochs"] == place.json("whole/adapter.json")["metrics"]?["epochs"]
    )
  }

  @Test func `localize stops and goes on likewise`() throws {
    let place = try Workplace()
    try writeRecipe(place, "scale", method: "{}", locations: nil)
    let localize = ["localize", "scale.yaml"]
    let first = try interrupted(place, localize, "scale")
    #expect(first.code == 130)
    try place.reft(localize + ["--resume"]).succeeded()
    #expect(place.exists("scale/heads.json"))
  }

  @Test func `there must be something to resume`() throws {
    let place = try Workplace()
    try writeRecipe(place, "new")
    try place.refuses(
      ["train", "new.yaml", "--resume"],
      saying: ["no interrupted run to resume", "new.run/state", "leave out --resume"])
  }
}
