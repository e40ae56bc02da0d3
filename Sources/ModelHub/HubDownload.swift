/// The files of one commit on their way into the cache.
struct HubDownload {
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
