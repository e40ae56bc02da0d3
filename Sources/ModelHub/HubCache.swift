import JSON

/// The part of the cache that belongs to one model, in the layout of huggingface_hub, with which it is shared.
///
/// `models--org--name/blobs/<hash>` holds contents, `snapshots/<commit>/<path>` links to them, and `refs/<revision>` holds
/// the commit that a branch or tag stood for when it was last asked for.
struct HubCache {
  let folder: String
  let model: HubModel

  private var name: String { "models--" + model.id.split(separator: "/").joined(separator: "--") }
  private var repository: String { folder + "/" + name }

  // MARK: Places

  func blob(_ hash: ContentHash) -> String { "\(repository)/blobs/\(hash.name)" }
  func lock(_ hash: ContentHash) -> String { "\(folder)/.locks/\(name)/\(hash.name).lock" }
  func snapshot(_ commit: String) -> String { "\(repository)/snapshots/\(commit)" }
  private var reference: String { "\(repository)/refs/\(model.revision)" }

  // MARK: Reading

  /// The commit that the model's revision stands for, as far as the cache knows.
  var commit: String? {
    if HubModel.isCommit(model.revision) { return model.revision }
    guard let text = try? FilePlace.text(of: reference) else { return nil }
    let commit = String(text.prefix { !$0.isWhitespace })
    return HubModel.isCommit(commit) ? commit : nil
  }

  /// The path of what was asked for, if all of it is there.
  func path(for needs: HubNeeds) throws(HubError) -> String? {
    guard let commit else { return nil }
    let snapshot = snapshot(commit)
    func has(_ file: String) -> Bool { FilePlace.fileSize("\(snapshot)/\(file)") != nil }
    if let file = model.file { return has(file) ? "\(snapshot)/\(file)" : nil }
    if needs.contains(.tokenizer), !has(HubSelection.tokenizer) { return nil }
    if needs.contains(.weights) {
      guard has(HubSelection.configuration) else { return nil }
      if has(HubSelection.index) {
        guard try HubSelection.shards(index: "\(snapshot)/\(HubSelection.index)").allSatisfy(has) else { return nil }
      } else if !has(HubSelection.weights) {
        return nil
      }
    }
    return snapshot
  }

  // MARK: Writing

  /// Lets a snapshot name files whose contents are there, then the revision name the snapshot: nobody sees half of it.
  func publish(_ files: [HubFile], commit: String) throws(HubError) {
    for file in files {
      let up = String(repeating: "../", count: HubModel.parts(file.path).count + 1)
      try FilePlace.link("\(snapshot(commit))/\(file.path)", to: "\(up)blobs/\(file.hash.name)")
    }
    if model.revision != commit { try FilePlace.write(commit, to: reference) }
  }
}
