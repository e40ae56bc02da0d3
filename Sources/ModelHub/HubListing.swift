import JSON

/// What the Hub says of a revision.
struct HubListing {
  /// The commit.
  let commit: String
  /// The paths of all files.
  let files: [String]

  init(_ bytes: [UInt8], address: String) throws(HubError) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .answer(address: address, problem: "the answer is not the list of a model's files: no UTF-8")
    }
    do throws(JSONError) {
      let reader = try JSONReader(try JSONValue(parsing: text, source: address), source: address)
      commit = try reader.string("sha")
      files = try reader.array("siblings").compactMap { $0["rfilename"]?.string }
    } catch {
      // A page of a portal or a proxy is more likely than a broken Hub.
      throw .answer(address: address, problem: "the answer is not the list of a model's files: \(error.problem)")
    }
    guard HubModel.isCommit(commit) else {
      throw .answer(address: address, problem: "'sha' must be the hash of a commit, got '\(commit)'")
    }
  }
}

/// A file of a repository, and what tells whether it came well.
struct HubFile: Equatable {
  let path: String
  let hash: ContentHash
  let size: Int
}
