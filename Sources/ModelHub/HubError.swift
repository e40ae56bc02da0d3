public import Diagnostics
public import JSON

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

/// What can be wrong with a model's name, with the Hub, and with what comes from it.
public enum HubError: Diagnostic {
  // Names and settings.

  /// Nothing lies at the path, and it is no name of the Hub.
  case neitherPathNorName(String)
  /// A variable or file of the environment has a value that cannot be used.
  case setting(name: String, got: String, expected: String)
  /// The model is not in the cache, and the network must not be used.
  case offline(model: String, cache: String)

  // The connection.

  /// The system's library for transfers is missing.
  case noTransfer(reason: String)
  /// Nobody answers.
  case unreachable(endpoint: String, model: String, reason: String)
  /// The connection broke, again and again; what came is kept.
  case cutOff(file: String, model: String, done: Int, total: Int?, reason: String)
  /// A transfer failed for a reason that another attempt does not mend.
  case transfer(address: String, reason: String)

  // What the Hub says.

  /// 401 or 403: the model is private, gated or not there. `token` says where the token was found, if one was sent.
  case refused(model: String, page: String, status: Int, token: String?, reason: String?)
  /// 404: the model, or its revision, is not there.
  case notFound(model: String, endpoint: String, what: String)
  /// The repository does not have the file; `choices` are those of the kind that it has.
  case noFile(file: String, model: String, nearest: String?, choices: [String])
  /// 429, again and again or with a long wait.
  case tooManyRequests(endpoint: String, wait: Int?, hasToken: Bool)
  /// Any other status than success.
  case status(Int, address: String, reason: String?)
  /// An answer without what belongs in it.
  case answer(address: String, problem: String)
  /// A JSON document of the Hub is wrong.
  case json(JSONError)

  // What is in the repository.

  /// There is no model in Hugging Face layout; `found` says what there is, `ggufs` names its GGUF files.
  case noModel(model: String, found: String, ggufs: [String])
  /// There is no tokenizer that can be read.
  case noTokenizer(model: String)
  /// The index names a file that the repository does not have.
  case noShard(String, model: String)

  // What was downloaded.

  /// The content is not what its name says.
  case wrongHash(file: String, model: String, expected: String, got: String)
  /// More came than was announced.
  case tooLong(file: String, model: String, expected: Int)

  // The cache.

  /// The device has no room for what is to be downloaded.
  case noRoom(folder: String, needed: Int, free: Int)
  /// The operating system refused something.
  case system(path: String, operation: String, reason: String)

  /// The last error of the operating system.
  static func file(path: String, operation: String, reason: String? = nil) -> HubError {
    .system(path: path, operation: operation, reason: reason ?? String(cString: strerror(errno)))
  }

  public var problem: String {
    switch self {
    case .neitherPathNorName:
      "there is no such folder or file, and a name of the Hub is org/name, org/name@revision or org/name/file.gguf"
    case .setting(let name, let got, let expected): "\(name) must be \(expected), got '\(got)'"
    case .offline: "the model is not in the cache, and HF_HUB_OFFLINE forbids the network"
    case .noTransfer(let reason): "nothing can be downloaded: \(reason)"
    case .unreachable(let endpoint, _, let reason): "\(endpoint) cannot be reached: \(reason)"
    case .cutOff(let file, _, let done, let total, let reason):
      "the download of '\(file)' was cut off after \(done) \(total.map { "of \($0) " } ?? "")bytes: \(reason)"
    case .transfer(_, let reason): "the transfer failed: \(reason)"
    case .refused(_, _, let status, let token, let reason):
      "the Hub refuses access (\(status)): "
        + (reason ?? "the model is private, gated, or not there")
        + (token.map { "; the token of \($0) was sent" } ?? "; no token was sent")
    case .notFound(_, _, let what): "the Hub has no \(what)"
    case .noFile(let file, _, _, _): "the repository has no file '\(file)'"
    case .tooManyRequests(let endpoint, let wait, _):
      "\(endpoint) refuses further requests for now (429)" + (wait.map { ": it asks for a wait of \($0) s" } ?? "")
    case .status(let status, _, let reason): "the server answers \(status)" + (reason.map { ": \($0)" } ?? "")
    case .answer(_, let problem): problem
    case .json(let error): error.problem
    case .noModel(_, let found, _): "expected config.json and model.safetensors (or its index), found \(found)"
    case .noTokenizer: "the repository has no tokenizer.json"
    case .noShard(let name, _): "model.safetensors.index.json names '\(name)', which the repository does not have"
    case .wrongHash(let file, _, let expected, let got):
      "'\(file)' came with another content: expected the hash \(expected), got \(got)"
    case .tooLong(let file, _, let expected): "'\(file)' came with more than the \(expected) bytes that were announced"
    case .noRoom(_, let needed, let free): "the download needs \(Self.size(needed)), and \(Self.size(free)) are free"
    case .system(_, let operation, let reason): "\(operation) failed: \(reason)"
    }
  }

  public var location: String {
    switch self {
    case .neitherPathNorName(let text): text
    case .setting: ""
    case .noTransfer: ""
    case .offline(let model, let cache): "\(model), \(cache)"
    case .unreachable(_, let model, _), .cutOff(_, let model, _, _, _), .refused(let model, _, _, _, _),
      .notFound(let model, _, _), .noFile(_, let model, _, _), .noModel(let model, _, _), .noTokenizer(let model),
      .noShard(_, let model), .wrongHash(_, let model, _, _), .tooLong(_, let model, _):
      model
    case .tooManyRequests: ""
    case .transfer(let address, _), .status(_, let address, _), .answer(let address, _): address
    case .json(let error): error.location
    case .noRoom(let folder, _, _): folder
    case .system(let path, _, _): path
    }
  }

  public var remedy: String? {
    switch self {
    case .neitherPathNorName: "check the path, or name a model as https://huggingface.co does"
    case .setting(let name, _, _): "correct or unset \(name)"
    case .offline(let model, _):
      "unset HF_HUB_OFFLINE once to download it; if a folder was meant, there is no '\(model)' here"
    case .noTransfer: "install libcurl (on Debian and Ubuntu the package libcurl4), or fetch the files by other means"
    case .unreachable(_, let model, _):
      "check the connection, http_proxy and HF_ENDPOINT; if a folder was meant, there is no '\(model)' here"
    case .cutOff: "run the same command again: what came is kept, and the download goes on from there"
    case .transfer: "check the address, the proxy and the certificates"
    case .refused(let model, let page, _, let token, _):
      "check the name; if the model is gated, accept its licence on \(page), then set HF_TOKEN to a token that may read it"
        + (token == nil ? "; if a folder was meant, there is no '\(model)' here" : "")
    case .notFound(let model, let endpoint, _):
      "check the name on \(endpoint); if a folder was meant, there is no '\(model)' here"
    case .noFile(_, _, let nearest, let choices):
      (nearest.map { "did you mean '\($0)'? " } ?? "")
        + (choices.isEmpty ? "the repository has no .gguf file" : "it has: " + Self.list(choices))
    case .tooManyRequests(_, _, let hasToken):
      "wait a few minutes and run the same command again" + (hasToken ? "" : "; with HF_TOKEN set the Hub allows more")
    case .status(let status, _, _): status >= 500 ? "try again later" : "check the name, and HF_ENDPOINT if it is set"
    case .answer: "check that HF_ENDPOINT, if it is set, is the address of the Hub or a mirror"
    case .json(let error): error.remedy
    case .noModel(let model, _, let ggufs):
      ggufs.isEmpty
        ? "choose a repository with safetensors: pickled weights are not read"
        : "name one of its GGUF files, such as \(model)/\(ggufs[0]); it has: " + Self.list(ggufs)
    case .noTokenizer:
      "choose a repository with tokenizer.json: loading the tokenizer with transformers and saving it writes one"
    case .noShard: "tell whoever published the model, or choose another revision"
    case .wrongHash, .tooLong:
      "nothing was kept; run the same command again, and if it fails again, distrust the mirror or proxy in between"
    case .noRoom: "free some space, or set HF_HUB_CACHE to a folder on another device"
    case .system: "check the folder and its permissions, or set HF_HUB_CACHE to another one"
    }
  }

  private static func list(_ names: [String]) -> String {
    let shown = 12
    return names.prefix(shown).joined(separator: ", ") + (names.count > shown ? ", …" : "")
  }

  private static func size(_ bytes: Int) -> String {
    bytes >= 1 << 30 ? "\(bytes >> 30) GiB" : bytes >= 1 << 20 ? "\(bytes >> 20) MiB" : "\(bytes) bytes"
  }
}
