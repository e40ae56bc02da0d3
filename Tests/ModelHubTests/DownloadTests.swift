import Foundation
import Synchronization
import Testing
import _HubTestSupport

@testable import ModelHub

@Suite struct DownloadTests {
  @Test func `a model comes into the layout of huggingface_hub, and is there without a question the next time`() throws
  {
    let bench = try Bench()
    let path = try bench.path("org/tiny")
    let repository = bench.folder + "/hub/models--org--tiny"
    #expect(path == "\(repository)/snapshots/\(FakeHub.commit)")
    #expect(try bench.bytes(path + "/model.safetensors") == Bench.weights)
    #expect(try String(contentsOfFile: "\(repository)/refs/main", encoding: .utf8) == FakeHub.commit)
    let hash = ContentHash(of: Bench.weights, isLarge: true).name
    let link = try FileManager.default.destinationOfSymbolicLink(atPath: path + "/model.safetensors")
    #expect(link == "../../blobs/\(hash)")
    // What is not read is not fetched.
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: path).sorted() == [
        "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
      ])
    #expect(bench.partials == [])
    bench.server.forgetRequests()
    #expect(try bench.path("org/tiny") == path)
    bench.settings.isOffline = true
    #expect(try bench.path("org/tiny") == path)
    #expect(bench.asked == [])
  }

  @Test func `a cache that another program filled is read without a question`() throws {
    let bench = try Bench(environment: ["HF_HUB_OFFLINE": "1"])
    let repository = bench.folder + "/hub/models--org--mine"
    let commit = String(repeating: "c0ffee12", count: 5)
    for (file, blob) in [("config.json", "aa"), ("model.safetensors", "bb"), ("tokenizer.json", "cc")] {
      try FilePlace.write("x", to: "\(repository)/blobs/\(blob)")
      try FilePlace.link("\(repository)/snapshots/\(commit)/\(file)", to: "../../blobs/\(blob)")
    }
    try FilePlace.write(commit + "\n", to: "\(repository)/refs/main")
    #expect(try bench.path("org/mine") == "\(repository)/snapshots/\(commit)")
    #expect(try bench.path("org/mine@\(commit)") == "\(repository)/snapshots/\(commit)")
    // A link whose content has gone, or a reference that names no commit, is as good as nothing.
    try FilePlace.write("../../../elsewhere", to: "\(repository)/refs/other")
    #expect(throws: HubError.offline(model: "org/mine@other", cache: bench.folder + "/hub")) {
      try bench.path("org/mine@other")
    }
    try FileManager.default.removeItem(atPath: "\(repository)/blobs/bb")
    #expect(throws: HubError.offline(model: "org/mine", cache: bench.folder + "/hub")) { try bench.path("org/mine") }
    #expect(try bench.path("org/mine", .tokenizer) == "\(repository)/snapshots/\(commit)")
    #expect(bench.asked == [])
  }

  @Test func `the shards that the index names are fetched, and no others`() throws {
    let bench = try Bench()
    let path = try bench.path("org/sharded")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasPrefix("model") }.sorted() == [
        "model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json",
      ])
    #expect(try bench.bytes(path + "/model-2.safetensors") == Array(Bench.weights.prefix(2000)))
    // A shard that has gone makes the cache incomplete.
    try FileManager.default.removeItem(atPath: path + "/model-2.safetensors")
    bench.settings.isOffline = true
    #expect(throws: HubError.self) { try bench.path("org/sharded") }
  }

  @Test func `a GGUF file is fetched alone, and keeps its folder`() throws {
    let bench = try Bench()
    let path = try bench.path("org/ggufs/more/tiny-F16.gguf")
    #expect(path.hasSuffix("/snapshots/\(FakeHub.commit)/more/tiny-F16.gguf"))
    #expect(try bench.bytes(path) == Array(Bench.weights.prefix(900)))
    #expect(bench.contents.count == 3)  // blob, link, reference
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: path)
        == "../../../blobs/\(ContentHash(of: Array(Bench.weights.prefix(900)), isLarge: true).name)")
  }

  @Test func `a revision is a branch, a tag, a pull request or a commit`() throws {
    let bench = try Bench()
    let other = String(repeating: "ab", count: 20)
    bench.server.point("refs/pr/7", to: other)
    let path = try bench.path("org/tiny@refs/pr/7")
    #expect(path.hasSuffix("/snapshots/\(other)"))
    #expect(bench.contents.contains("models--org--tiny/refs/refs/pr/7"))
    #expect(try bench.path("org/tiny@\(other)") == path)
    #expect(try bench.path("org/tiny").hasSuffix(FakeHub.commit))
    // The contents are there already: nothing was stored or fetched twice.
    #expect(bench.asked.filter { $0.hasPrefix("GET /org/tiny/resolve") }.count == 4)
  }

  @Test func `what sentence-transformers says of pooling comes along`() throws {
    let bench = try Bench()
    var files = Bench.small
    files["model.safetensors"] = .init("x")
    for name in ["modules.json", "1_Pooling/config.json", "onnx/1_Pooling/config.json", "2_Normalize/config.json"] {
      files[name] = .init("{\"name\": \"\(name)\"}")
    }
    bench.server.add("org/sentences", files)
    let path = try bench.path("org/sentences")
    #expect(try String(contentsOfFile: path + "/1_Pooling/config.json", encoding: .utf8).contains("1_Pooling"))
    #expect(FileManager.default.fileExists(atPath: path + "/modules.json"))
    #expect(!FileManager.default.fileExists(atPath: path + "/2_Normalize"))
    #expect(!FileManager.default.fileExists(atPath: path + "/onnx"))
  }

  @Test func `a tokenizer is fetched without weights, and the weights later`() throws {
    let bench = try Bench()
    let path = try bench.path("org/tiny", .tokenizer)
    #expect(!FileManager.default.fileExists(atPath: path + "/model.safetensors"))
    #expect(try bench.path("org/tiny") == path)
    #expect(FileManager.default.fileExists(atPath: path + "/model.safetensors"))
    #expect(bench.asked.filter { $0.hasPrefix("GET") && $0.hasSuffix("tokenizer.json") }.count == 1)
  }

  @Test func `the token goes to the Hub, and not to where it sends one`() throws {
    let bench = try Bench(environment: ["HF_TOKEN": "hf_secret"])
    bench.server.require(token: "hf_secret")
    _ = try bench.path("org/tiny")
    let requests = bench.server.requests
    #expect(requests.contains { $0.isToStore })
    for request in requests {
      #expect((request.headers["authorization"] == nil) == request.isToStore)
      #expect(request.headers["accept-encoding"] == "identity")
    }
  }

  @Test func `progress counts the bytes of all files up to their sum`() throws {
    let bench = try Bench()
    let seen = Mutex<[HubProgress]>([])
    _ = try bench.path("org/tiny") { progress in seen.withLock { $0.append(progress) } }
    let steps = seen.withLock { $0 }
    let total = Bench.weights.count + 23 + 18 + 2
    #expect(steps.allSatisfy { $0.total == total })
    #expect(steps.map(\.done) == steps.map(\.done).sorted())
    #expect(steps.last == HubProgress(file: "model.safetensors", done: total, total: total))

    // What is there is not counted.
    let other = try Bench()
    _ = try other.path("org/tiny", .tokenizer)
    seen.withLock { $0 = [] }
    _ = try other.path("org/tiny") { progress in seen.withLock { $0.append(progress) } }
    #expect(seen.withLock { $0.first?.total } == Bench.weights.count)
    seen.withLock { $0 = [] }
    _ = try other.path("org/tiny") { progress in seen.withLock { $0.append(progress) } }
    #expect(seen.withLock { $0 } == [])
  }

  @Test func `what a broken connection left is taken up where it ended`() throws {
    let bench = try Bench()
    bench.server.fail("GET /\(ContentHash(of: Bench.weights, isLarge: true).name)", .cut(after: 50_000))
    let error = try bench.error(
      "org/tiny",
      saying: [
        "'model.safetensors' was cut off after", "of 200000 bytes", "fix: run the same command again", "is kept",
      ])
    guard case .cutOff(_, _, let done, let total, _) = error else { throw error }
    // Three attempts, and each went on where the one before had ended.
    #expect(done == 150_000)
    #expect(total == 200_000)
    #expect(bench.partials == [done])
    bench.server.mend()
    bench.server.forgetRequests()
    let path = try bench.path("org/tiny")
    #expect(try bench.bytes(path + "/model.safetensors") == Bench.weights)
    #expect(bench.partials == [])
    #expect(bench.server.requests.filter(\.isToStore).map { $0.headers["range"] } == ["bytes=\(done)-"])
  }

  @Test func `a cut-off now and then is mended on the way`() throws {
    let bench = try Bench()
    bench.server.fail("GET /\(ContentHash(of: Bench.weights, isLarge: true).name)", .cut(after: 90_000), times: 2)
    bench.server.fail("revision", .cut(after: 5), times: 1)
    bench.server.fail("HEAD /org/tiny/resolve", .status(503), times: 2)
    bench.server.fail(
      "GET /org/tiny/resolve/\(FakeHub.commit)/config.json", .status(429, ["Retry-After": "0"]), times: 1)
    let path = try bench.path("org/tiny")
    #expect(try bench.bytes(path + "/model.safetensors") == Bench.weights)
    let ranges = bench.server.requests.filter(\.isToStore).map { $0.headers["range"] }
    #expect(ranges == [nil, "bytes=90000-", "bytes=180000-"])
  }

  @Test func `a server that knows no ranges sends all of it again`() throws {
    let bench = try Bench()
    let hash = ContentHash(of: Bench.weights, isLarge: true).name
    bench.server.fail("GET /\(hash)", .cut(after: 70_000), times: 1)
    bench.server.fail("GET /\(hash)", .ignoreRange)
    #expect(try bench.bytes(bench.path("org/tiny") + "/model.safetensors") == Bench.weights)
    #expect(bench.server.requests.filter(\.isToStore).map { $0.headers["range"] } == [nil, "bytes=70000-"])
  }

  @Test func `a whole or an overlong partial file, and one of other bytes, are no obstacle`() throws {
    for (left, requests) in [
      (Bench.weights, 0), (Bench.weights + [1, 2, 3], 1), ([UInt8](repeating: 9, count: 50_000), 2),
      ([UInt8](repeating: 9, count: 200_000), 1),
    ] {
      let bench = try Bench()
      let blobs = bench.folder + "/hub/models--org--tiny/blobs/"
      try FileManager.default.createDirectory(atPath: blobs, withIntermediateDirectories: true)
      let partial = blobs + ContentHash(of: Bench.weights, isLarge: true).name + ".incomplete"
      try Data(left).write(to: URL(fileURLWithPath: partial))
      #expect(try bench.bytes(bench.path("org/tiny") + "/model.safetensors") == Bench.weights)
      #expect(bench.server.requests.filter(\.isToStore).count == requests)
      #expect(bench.partials == [])
    }
  }

  @Test func `a length that is not announced, and a connection that brings nothing, are cut-offs`() throws {
    let bench = try Bench()
    let hash = ContentHash(of: Bench.weights, isLarge: true).name
    bench.server.fail("GET /\(hash)", .noLength, times: 1)
    #expect(try bench.bytes(bench.path("org/tiny") + "/model.safetensors") == Bench.weights)
    #expect(bench.server.requests.filter(\.isToStore).map { $0.headers["range"] } == [nil, "bytes=100000-"])

    let other = try Bench()
    other.settings.retries.attempts = 1
    other.settings.retries.stall = 1
    other.server.fail("GET /\(hash)", .stall)
    guard case .cutOff = try other.error("org/tiny") else { Issue.record("no cut-off"); return }
  }

  @Test func `several at once write each content once`() async throws {
    let bench = try Bench()
    let hub = bench.hub
    let model = try #require(HubModel("org/tiny"))
    let paths = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<3 { group.addTask { try hub.path(of: model) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(paths).count == 1)
    #expect(try bench.bytes(paths[0] + "/model.safetensors") == Bench.weights)
    #expect(bench.server.requests.filter(\.isToStore).count == 1)
    #expect(bench.partials == [])
  }
}
