public import LanguageModels
import Tensors

/// Reads activations of many texts: one row a text and site, in packed batches without padding.
public struct ActivationCollector {
  /// Which tokens of a text its row is made of.
  public enum Reading: String, Sendable, CaseIterable {
    /// The last token: ITI, RepE (`rep_token` -1), repeng.
    case last
    /// The mean over all tokens: conditional steering.
    case mean
  }

  private let model: any LanguageModel
  private let reading: Reading
  private let tokenBudget: Int

  /// A collector on one model.
  ///
  /// - Parameter tokenBudget: tokens of one forward pass, at most; a longer text is a pass of its own.
  public init(_ model: any LanguageModel, reading: Reading = .last, tokenBudget: Int = 2048) {
    self.model = model
    self.reading = reading
    self.tokenBudget = tokenBudget
  }

  /// Runs the untouched model over texts and keeps what it has at the sites, in float32 on the CPU.
  ///
  /// - Parameters:
  ///   - texts: token ids of each text, at least one.
  ///   - progress: called with the number of texts done so far.
  /// - Throws: ``FittingError/notFinite(what:)`` naming the site.
  public func collect(
    _ texts: [[Int32]], at sites: [Site], progress: (Int) throws -> Void = { _ in }
  ) throws -> Activations {
    var pieces: [Site: [Tensor]] = [:]
    // Texts of like length go together, so that a batch is not one long text and crumbs.
    let order = texts.indices.sorted { (texts[$0].count, $0) < (texts[$1].count, $1) }
    var done = 0
    while done < order.count {
      var end = done
      var tokens = 0
      while end < order.count, end == done || tokens + texts[order[end]].count <= tokenBudget {
        tokens += texts[order[end]].count
        end += 1
      }
      let batch = TokenBatch(prompts: order[done..<end].map { texts[$0] })
      let found = try withoutGradients { () throws(TensorError) in try self.rows(of: batch, at: sites) }
      for (site, tensor) in zip(sites, found) { pieces[site, default: []].append(tensor) }
      done = end
      try progress(done)
    }
    var places = [Int64](repeating: 0, count: order.count)
    for (i, text) in order.enumerated() { places[text] = Int64(i) }
    var rows: [Site: Tensor] = [:]
    for (site, parts) in pieces {
      let all = try Tensor.concatenated(parts, along: 0).selected(Tensor(places))
      guard try all.isFinite() else { throw FittingError.notFinite(what: "\(site)") }
      rows[site] = all
    }
    return Activations(count: texts.count, rows: rows)
  }

  /// One tensor a site, a row for each sequence of the batch.
  private func rows(of batch: TokenBatch, at sites: [Site]) throws(TensorError) -> [Tensor] {
    let last = try Tensor(batch.lastRows.map(Int64.init), on: model.device)
    let recorders = sites.map { _ in RowRecorder(batch, reading, last) }
    var tap = Tap.none
    for (site, recorder) in zip(sites, recorders) { tap.place(recorder, at: site, on: .all) }
    tap.lastLayer = sites.map(\.layer).max()
    _ = try model.hidden(batch, cache: nil, tap: tap)
    var kept: [Tensor] = []
    for recorder in recorders {
      guard let rows = recorder.rows else {
        throw .shape(what: "an activation that the model has", expected: "one row a sequence", got: [])
      }
      kept.append(try rows.converted(to: .float32).moved(to: .cpu))
    }
    return kept
  }
}

/// Keeps one row a sequence and lets everything pass untouched.
private final class RowRecorder: ActivationEdit {
  private(set) var rows: Tensor?
  private let batch: TokenBatch
  private let reading: ActivationCollector.Reading
  private let last: Tensor

  init(_ batch: TokenBatch, _ reading: ActivationCollector.Reading, _ last: Tensor) {
    self.batch = batch
    self.reading = reading
    self.last = last
  }

  func callAsFunction(_ activation: Tensor, from input: Tensor?) throws(TensorError) -> Tensor {
    switch reading {
    case .last: rows = try activation.selected(last)
    case .mean:
      var means: [Tensor] = []
      for range in batch.rows {
        let sum = try activation.narrowed(0, range).sum(along: 0, keep: true)
        means.append(try sum / Double(range.count))
      }
      rows = try Tensor.concatenated(means, along: 0)
    }
    return activation
  }
}
