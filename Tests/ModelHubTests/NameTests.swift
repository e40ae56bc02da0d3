import Diagnostics
import Foundation
import Testing

@testable import ModelHub

@Suite struct NameTests {
  @Test func `a name has a revision and a file if it says so`() throws {
    let plain = try #require(HubModel("HuggingFaceTB/SmolLM2-135M_v1.5"))
    #expect(plain.id == "HuggingFaceTB/SmolLM2-135M_v1.5")
    #expect(plain.revision == "main")
    #expect(plain.file == nil)
    #expect(plain.name == "SmolLM2-135M_v1.5")
    let revised = try #require(HubModel("org/name@refs/pr/3"))
    #expect(revised.id == "org/name")
    #expect(revised.revision == "refs/pr/3")
    #expect(revised.description == "org/name@refs/pr/3")
    let file = try #require(HubModel("org/name/sub/tiny-Q4_K_M.gguf@v1"))
    #expect(file.id == "org/name")
    #expect(file.file == "sub/tiny-Q4_K_M.gguf")
    #expect(file.revision == "v1")
    #expect(file.name == "tiny-Q4_K_M")
    #expect(file.description == "org/name/sub/tiny-Q4_K_M.gguf@v1")
  }

  @Test(arguments: [
    "", "name", "/org/name", "org/name/", "org//name", "org/na me", "../name", "org/..", "./name", "~/name",
    "org/.name",
    "org/name-", "org/na--me", "org/na..me", "org/name.git", "org/näme", "org/name/file.txt", "a/b/c", "org/file.gguf",
    "org/name/../x.gguf", "org/name//x.gguf", "org/name@", "org/name@../x", "org/name@a..b", "org/name@/x",
    "org/name@a b",
    // A slash with a mark after it is one character to Swift, and a slash to the file system.
    "org/name@../\u{338}x", "org/name/../\u{338}x.gguf", "org/name@a\u{0}", "org/name/a\\b.gguf",
    "https://huggingface.co/org/name",
    "org/" + String(repeating: "a", count: 97),
  ])
  func `what the Hub would not call a model is none`(text: String) {
    #expect(HubModel(text) == nil)
  }

  @Test func `what exists is a path, else what can be a name is one, else both readings are told`() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/hub-names-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(try ModelReference(folder) == .path(folder))
    #expect(try ModelReference("/dev/null") == .path("/dev/null"))
    let name = try #require(HubModel("no-such-folder/tiny"))
    #expect(try ModelReference("no-such-folder/tiny") == .hub(name))
    #expect(throws: HubError.neitherPathNorName("nowhere")) { try ModelReference("nowhere") }
    let error = HubError.neitherPathNorName("a/b/c")
    for words in ["no such folder or file", "org/name", "(a/b/c)", "fix: check the path"] {
      #expect(error.description.contains(words))
    }
    #expect(ModelReference.path("models/x.gguf").name == "x")
    #expect(ModelReference.path("models/x/").name == "x")
  }

  @Test func `the environment says where the cache is, as huggingface_hub reads it`() throws {
    func cache(_ environment: [String: String]) throws -> String { try HubSettings(environment: environment).cache }
    #expect(try cache(["HOME": "/h"]) == "/h/.cache/huggingface/hub")
    #expect(try cache(["HOME": "/h", "XDG_CACHE_HOME": "/x"]) == "/x/huggingface/hub")
    #expect(try cache(["HOME": "/h", "XDG_CACHE_HOME": "/x", "HF_HOME": "/f"]) == "/f/hub")
    #expect(try cache(["HOME": "/h", "HF_HOME": "~/f"]) == "/h/f/hub")
    #expect(try cache(["HOME": "/h", "HF_HOME": "/f", "HF_HUB_CACHE": "/c"]) == "/c")
    #expect(try cache(["HOME": "/h", "HF_HOME": "", "HF_HUB_CACHE": ""]) == "/h/.cache/huggingface/hub")
    let usual = try HubSettings(environment: ["HOME": "/h"])
    #expect(usual.endpoint == "https://huggingface.co")
    #expect(usual.token == nil)
    #expect(!usual.isOffline)
    #expect(try HubSettings(environment: ["HF_HUB_OFFLINE": "1"]).isOffline)
    #expect(try !HubSettings(environment: ["HF_HUB_OFFLINE": "0"]).isOffline)
    #expect(
      try HubSettings(environment: ["HF_ENDPOINT": "https://mirror.example/hf/"]).endpoint
        == "https://mirror.example/hf")
    for wrong in ["mirror.example", "ftp://mirror.example", "https://user:word@mirror.example", "https://"] {
      #expect(throws: HubError.self, "\(wrong)") { try HubSettings(environment: ["HF_ENDPOINT": wrong]) }
    }
  }

  @Test func `the token is the variable, or a file, and nothing that ends a header`() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/hub-token-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try "hf_file\n".write(toFile: folder + "/token", atomically: true, encoding: .utf8)
    func token(_ environment: [String: String]) throws -> HubToken? { try HubSettings(environment: environment).token }
    #expect(try token(["HF_HOME": folder])?.text == "hf_file")
    #expect(try token(["HF_HOME": folder])?.source == folder + "/token")
    #expect(try token(["HF_HOME": "/nowhere", "HF_TOKEN_PATH": folder + "/token"])?.text == "hf_file")
    #expect(try token(["HF_HOME": folder, "HF_TOKEN": " hf_own\n"])?.text == "hf_own")
    #expect(try token(["HF_HOME": folder, "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1", "HF_TOKEN": "hf_own"]) == nil)
    let error = try #require(throws: HubError.self) { try token(["HF_TOKEN": "hf_a\r\nX-Other: b"]) }
    #expect(error.description.contains("HF_TOKEN must be a token"))
    #expect(!error.description.contains("hf_a"))
  }

  @Test func `an address keeps who is asked apart from what for`() throws {
    let address = try #require(WebAddress("https://Hub.example:8080/a/b"))
    #expect(address.origin == "https://hub.example:8080")
    #expect(address.following("/c?d=e")?.text == "https://hub.example:8080/c?d=e")
    #expect(address.following("https://store.example/x")?.origin == "https://store.example")
    #expect(address.following("//store.example/x")?.text == "https://store.example/x")
    #expect(address.following("file:///etc/passwd") == nil)
    #expect(WebAddress("http://[::1]:80/x")?.isThisMachine == true)
    #expect(WebAddress("http://127.0.0.1.example/x")?.isThisMachine == false)
    #expect(WebAddress.escaped("refs/pr/1") == "refs%2Fpr%2F1")
    #expect(WebAddress.escaped("a b/ü.gguf", keeping: "/") == "a%20b/%C3%BC.gguf")
  }
}
