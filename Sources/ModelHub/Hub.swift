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
