/// How far a download is.
public struct HubProgress: Sendable, Equatable {
  /// The file that is on its way.
  public let file: String
  /// The bytes that have come, of all files.
  public let done: Int
  /// The bytes that have to come: what was in the cache already is not counted.
  public let total: Int
}

/// The Hugging Face Hub behind its cache: a name in, a path out.
public struct Hub: Sendable {
  /// Where the Hub and its cache are, and who asks.
  public let settings: HubSettings

  /// The Hub as the settings describe it.
  public init(_ settings: HubSettings) { self.settings = settings }

  /// The Hub as an environment describes it.
  ///
  /// - Throws: ``HubError/setting(name:got:expected:)``.
  public init(environment: [String: String]) throws(HubError) {
    self.init(try HubSettings(environment: environment))
  }

  /// The snapshot of a model, or its GGUF file: from the cache if it is there, which asks nobody, else from the Hub.
  ///
  /// - Parameters:
  ///   - needs: the parts that are wanted; the small files beside them always come.
  ///   - progress: called after each piece that is downloaded.
  /// - Throws: ``HubError``; then nothing in the cache names a file that is not there.
  public func path(
    of model: HubModel, needs: HubNeeds = .all, progress: @escaping (HubProgress) -> Void = { _ in }
  ) throws(HubError) -> String {
    let cache = HubCache(folder: settings.cache, model: model)
    if let path = try cache.path(for: needs) { return path }
    guard !settings.isOffline else { throw .offline(model: model.description, cache: settings.cache) }
    let client = try HubClient(settings, for: model)
    let listing = try client.listing()
    let selection = try HubSelection(model, files: listing.files, needs: needs)
    let download = HubDownload(client: client, cache: cache, commit: listing.commit)
    var files = try download.facts(of: selection.files)
    if selection.isSharded, let index = files.first(where: { $0.path == HubSelection.index }) {
      try download.fetch([index], progress: { _ in })
      let shards = try HubSelection.shards(index: cache.blob(index.hash))
      let known = Set(listing.files)
      for shard in shards where !known.contains(shard) || !HubModel.isFilePath(shard) {
        throw .noShard(shard, model: model.description)
      }
      files += try download.facts(of: shards)
    }
    try download.fetch(files, progress: progress)
    try cache.publish(files, commit: listing.commit)
    return cache.snapshot(listing.commit) + (model.file.map { "/" + $0 } ?? "")
  }
}

/// The files of one commit on their way into the cache.
private struct HubDownload {
  let client: HubClient
  let cache: HubCache
  let commit: String

  func facts(of files: [String]) throws(HubError) -> [HubFile] {
    var facts: [HubFile] = []
    for file in files { facts.append(try client.facts(of: file, commit: commit)) }
    return facts
  }

  /// Fetches the contents that are not there.
  func fetch(_ files: [HubFile], progress: @escaping (HubProgress) -> Void) throws(HubError) {
    let needed = try bytesNeeded(files)
    try FilePlace.makeFolder(cache.folder)
    if let free = FilePlace.freeBytes(cache.folder), free < needed {
      throw .noRoom(folder: cache.folder, needed: needed, free: free)
    }
    var come = 0
    for file in files where !isThere(file) {
      try fetch(file) { count in
        come = min(come + count, needed)  // more only if something had to come twice
        progress(HubProgress(file: file.path, done: come, total: needed))
      }
    }
  }

  private func bytesNeeded(_ files: [HubFile]) throws(HubError) -> Int {
    var needed = 0
    for file in files where !isThere(file) {
      let partial = FilePlace.fileSize(cache.blob(file.hash) + ".incomplete") ?? 0
      let (sum, overflow) = needed.addingReportingOverflow(max(0, file.size - partial))
      guard !overflow else { throw .answer(address: file.path, problem: "a file of \(file.size) bytes is announced") }
      needed = sum
    }
    return needed
  }

  private func isThere(_ file: HubFile) -> Bool { FilePlace.fileSize(cache.blob(file.hash)) == file.size }

  private func fetch(_ file: HubFile, progress: @escaping (Int) -> Void) throws(HubError) {
    try FileLock.held(cache.lock(file.hash)) { () throws(HubError) in
      // Another process may have brought it meanwhile.
      if isThere(file) { return }
      while true {
        let blob = try BlobDownload(file, of: cache.model, to: cache.blob(file.hash), progress: progress)
        if !blob.isComplete { try client.content(of: file.path, commit: commit, to: blob, total: file.size) }
        let wasResumed = blob.isResumed
        do throws(HubError) {
          return try blob.finish()
        } catch .wrongHash where wasResumed {
          continue  // what an earlier run left was wrong, and is deleted: once more from the beginning
        }
      }
    }
  }
}
