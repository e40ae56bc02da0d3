/// How far a download is.
public struct HubProgress: Sendable, Equatable {
  /// The file that is on its way.
  public let file: String
  /// The bytes that are there, of all files.
  public let done: Int
  /// The bytes that there will be.
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

  /// Where a model is on this machine, after a download if need be.
  ///
  /// - Parameters:
  ///   - reference: a path, which is returned as it is, or a name of the Hub.
  ///   - needs: the parts that are wanted; the small files beside them always come.
  ///   - progress: called after each piece that is downloaded.
  /// - Throws: ``HubError``; then nothing in the cache names a file that is not there.
  public func path(
    of reference: ModelReference, needs: HubNeeds = .all, progress: @escaping (HubProgress) -> Void = { _ in }
  ) throws(HubError) -> String {
    switch reference {
    case .path(let path): path
    case .hub(let model): try path(of: model, needs: needs, progress: progress)
    }
  }

  /// The snapshot of a model, or its GGUF file: from the cache if it is there, which asks nobody, else from the Hub.
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
    var total = 0
    for file in files {
      let (sum, overflow) = total.addingReportingOverflow(file.size)
      guard !overflow else { throw .answer(address: file.path, problem: "a file of \(file.size) bytes is announced") }
      total = sum
    }
    try checkRoom(files)
    var done = 0
    for file in files {
      try fetch(file) { progress(HubProgress(file: file.path, done: done + $0, total: total)) }
      done += file.size
    }
  }

  private func checkRoom(_ files: [HubFile]) throws(HubError) {
    try FilePlace.makeFolder(cache.folder)
    var needed = 0
    for file in files where !isThere(file) {
      needed += max(0, file.size - (FilePlace.fileSize(cache.blob(file.hash) + ".incomplete") ?? 0))
    }
    guard let free = FilePlace.freeBytes(cache.folder), free < needed else { return }
    throw .noRoom(folder: cache.folder, needed: needed, free: free)
  }

  private func isThere(_ file: HubFile) -> Bool { FilePlace.fileSize(cache.blob(file.hash)) == file.size }

  private func fetch(_ file: HubFile, progress: @escaping (Int) -> Void) throws(HubError) {
    if isThere(file) { return progress(file.size) }
    try FileLock.held(cache.lock(file.hash)) { () throws(HubError) in
      // Another process may have brought it meanwhile.
      if isThere(file) { return progress(file.size) }
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
