import ModelHub

/// Shows how far a model is that is being opened: first what comes from the Hub, then what is read.
final class ModelMeter {
  private var download: ProgressMeter?
  private var loading: ProgressMeter?

  func downloaded(_ progress: HubProgress) {
    let megabyte = 1e6
    if download == nil {
      download = ProgressMeter("downloading the model", total: Double(progress.total) / megabyte, unit: "MB")
    }
    download?.update(Double(progress.done) / megabyte, detail: progress.file)
  }

  func loaded(_ share: Double) {
    finishDownload()
    if loading == nil { loading = ProgressMeter("loading the model", total: 1, unit: "") }
    loading?.update(share)
  }

  func finish() {
    finishDownload()
    loading?.finish()
    loading = nil
  }

  private func finishDownload() {
    download?.finish()
    download = nil
  }

  deinit {
    // After a failure.
    download?.endLine()
    loading?.endLine()
  }
}
