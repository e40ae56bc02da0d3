import Diagnostics
import Foundation
import Testing
import _HubTestSupport

@testable import ModelHub

@Suite struct RefusalTests {
  private let weights = "GET /" + ContentHash(of: Bench.weights, isLarge: true).name

  @Test func `401 and 403 name the page and the token`() throws {
    let bench = try Bench()
    bench.server.require(token: "hf_right")
    try bench.error(
      "org/tiny",
      saying: [
        "refuses access (401)", "Invalid credentials", "no token was sent", "(org/tiny)", "set HF_TOKEN",
        "\(bench.server.endpoint)/org/tiny", "no 'org/tiny' here",
      ])
    bench.settings.token = try HubToken("hf_wrong", source: "HF_TOKEN")
    let error = try bench.error("org/tiny", saying: ["the token of HF_TOKEN was sent"])
    #expect(!error.description.contains("hf_wrong"))
    bench.settings.token = try HubToken("hf_right", source: "HF_TOKEN")
    bench.server.fail(
      "resolve",
      .status(403, ["X-Error-Code": "GatedRepo", "X-Error-Message": "Access to model org/tiny is restricted"]))
    try bench.error("org/tiny", saying: ["(403)", "Access to model org/tiny is restricted", "accept its licence"])
    #expect(bench.contents == [])
  }

  @Test func `404 names the model, the revision, or the file and the nearest one`() throws {
    let bench = try Bench()
    try bench.error(
      "org/tyni", saying: ["no model 'org/tyni'", "if a folder was meant, there is no 'org/tyni' here"])
    try bench.error("org/tiny@v9", saying: ["no revision 'v9' of org/tiny", "(org/tiny@v9)"])
    try bench.error(
      "org/ggufs/tiny-Q4_K_S.gguf",
      saying: ["no file 'tiny-Q4_K_S.gguf'", "did you mean 'tiny-Q4_K_M.gguf'?", "more/tiny-F16.gguf"])
    try bench.error("org/tiny/x.gguf", saying: ["no file 'x.gguf'", "has no .gguf file"])
    #expect(bench.contents == [])
    #expect(bench.asked.allSatisfy { $0.hasPrefix("GET /api/") })
  }

  @Test func `429 is waited for, a few times and not for hours`() throws {
    let bench = try Bench()
    bench.server.fail("revision", .status(429, ["Retry-After": "0"]))
    try bench.error("org/tiny", saying: ["(429)", "wait a few minutes", "HF_TOKEN"])
    #expect(bench.asked.count == 3)
    bench.server.mend()
    bench.server.forgetRequests()
    bench.server.fail("revision", .status(429, ["Retry-After": "3600"]))
    try bench.error("org/tiny", saying: ["asks for a wait of 3600 s"])
    #expect(bench.asked.count == 1)
  }

  @Test func `a server that fails is asked a few times, one that does not answer once`() throws {
    let bench = try Bench()
    bench.server.fail("revision", .status(500))
    try bench.error("org/tiny", saying: ["answers 500", "/api/models/org/tiny/revision/main", "try again later"])
    #expect(bench.asked.count == 3)
    bench.settings.endpoint = "http://127.0.0.1:1"
    try bench.error(
      "org/tiny", saying: ["http://127.0.0.1:1 cannot be reached", "HF_ENDPOINT", "no 'org/tiny' here"])
    bench.settings.endpoint = "http://no-such-host.invalid"
    try bench.error("org/tiny", saying: ["http://no-such-host.invalid cannot be reached"])
    bench.server.mend()
    bench.settings.endpoint = bench.server.endpoint
    bench.server.fail("HEAD", .status(418))
    try bench.error("org/tiny", saying: ["answers 418", "resolve"])
  }

  @Test func `another content than the hash says is deleted`() throws {
    let bench = try Bench()
    bench.server.fail(weights, .corrupt)
    try bench.error(
      "org/tiny",
      saying: ["'model.safetensors' came with another content", "nothing was kept", "distrust the mirror or proxy"])
    #expect(bench.partials == [])
    bench.server.mend()
    bench.server.fail("GET /org/tiny/resolve/\(FakeHub.commit)/config.json", .corrupt)
    let other = try Bench()
    other.server.fail("GET /org/tiny/resolve/\(FakeHub.commit)/config.json", .corrupt)
    try other.error("org/tiny", saying: ["'config.json' came with another content"])
    #expect(other.contents == [])
    let third = try Bench()
    third.server.fail(weights, .tooMuch)
    try third.error("org/tiny", saying: ["more than the 200000 bytes"])
    #expect(third.partials == [])
  }

  @Test func `a repository without what is read is refused before anything is fetched`() throws {
    let bench = try Bench()
    bench.server.add("org/pickled", Bench.small)
    bench.server.add("org/bare", ["README.md": .init("#")])
    bench.server.add(
      "org/slow",
      ["config.json": .init("{}"), "tokenizer.model": .init("x"), "model.safetensors": .init("x")])
    try bench.error("org/pickled", saying: ["found pickled weights only", "pickled weights are not read"])
    try bench.error("org/bare", saying: ["no config.json and no model.safetensors"])
    try bench.error("org/slow", saying: ["no tokenizer.json"])
    try bench.error(
      "org/ggufs", saying: ["found GGUF files only", "org/ggufs/more/tiny-F16.gguf", "tiny-Q4_K_M.gguf"])
    #expect(bench.asked.allSatisfy { $0.hasPrefix("GET /api/") })
    #expect(bench.contents == [])
    #expect(try bench.path("org/slow", .weights).hasSuffix(FakeHub.commit))
  }

  @Test func `an index cannot lead out of the repository`() throws {
    for shard in ["../../../../outside.safetensors", "../\u{338}outside", "/outside.safetensors", "absent.safetensors"]
    {
      let bench = try Bench()
      var files = Bench.small
      files["model.safetensors.index.json"] = .init("{\"weight_map\": {\"a\": \"\(shard)\"}}")
      files["../../../../outside.safetensors"] = .init("x")
      files["../\u{338}outside"] = .init("x")
      bench.server.add("org/evil", files)
      try bench.error("org/evil", saying: ["names '\(shard)'", "does not have"])
    }
  }

  @Test func `an answer that is not the Hub's is told as that`() throws {
    let bench = try Bench()
    bench.server.add("org/other", ["config.json": .init("{}")])
    bench.server.fail("revision", .corrupt)
    try bench.error("org/tiny", saying: ["not the list of a model's files", "HF_ENDPOINT"])
    bench.server.mend()
    bench.server.point("main", to: "../../x")
    try bench.error("org/tiny", saying: ["must be the hash of a commit"])
    bench.server.point("main", to: FakeHub.commit)
    bench.server.fail("HEAD", .status(302, ["Location": "ftp://elsewhere/x"]))
    try bench.error("org/tiny", saying: ["a redirect leads nowhere"])
    bench.server.mend()
    bench.server.fail("HEAD", .status(200))
    try bench.error("org/tiny", saying: ["no hash of the file"])
    bench.server.mend()
    bench.server.fail("HEAD", .status(307, ["Location": "/org/tiny/resolve/main/config.json"]))
    try bench.error("org/tiny", saying: ["too many redirects"])
  }

  @Test func `offline, a model that is not in the cache is an error and no question`() throws {
    let bench = try Bench(environment: ["HF_HUB_OFFLINE": "1"])
    try bench.error(
      "org/tiny", saying: ["not in the cache", "HF_HUB_OFFLINE", "\(bench.folder)/hub", "no 'org/tiny' here"])
    #expect(bench.asked == [])
  }

  @Test func `a cache that cannot be written to is named`() throws {
    let bench = try Bench()
    bench.settings.cache = "/dev/null/hub"
    try bench.error("org/tiny", saying: ["/dev/null/hub", "HF_HUB_CACHE"])
    bench.server.add(
      "org/huge", ["config.json": .init("{}"), "tokenizer.json": .init("{}"), "model.safetensors": .init("x")])
    bench.settings.cache = bench.folder + "/hub"
    bench.server.fail(
      "HEAD /org/huge/resolve/\(FakeHub.commit)/model.safetensors",
      .status(
        302, ["Location": "/x", "X-Linked-Etag": String(repeating: "a", count: 64), "X-Linked-Size": "\(1 << 60)"]))
    try bench.error("org/huge", saying: ["needs 1073741824 GiB", "are free"])
    #expect(bench.contents == [])
  }
}
