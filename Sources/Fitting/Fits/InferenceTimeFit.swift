public import Interventions
import JSON
public import LanguageModels
public import Tensors

/// Fits inference-time intervention (ITI): probes choose heads, directions and deviations say how far they are moved.
///
/// Source: arXiv 2306.03341, sec. 3; likenneth/honest_llama. Deviations: head counts and widths are the model's own; sigma comes
/// from the development texts alone unless ``Deviation/leaking`` is asked for, and from the labelled texts themselves, where the
/// reference measures it on answers that are followed by another question; validation groups are drawn by Python's generator, not
/// numpy's.
public struct InferenceTimeFit {
  /// Which texts sigma is measured on.
  public enum Deviation: String, Sendable, CaseIterable {
    /// The development texts: nothing of the test fold.
    case development
    /// Every text, those of the test fold included, as the reference has it; for comparison with published numbers.
    case leaking
  }

  private let data: LabelledActivations
  private let shape: ModelShape

  /// A fit on activations of ``LabelledActivations/headSites(of:)``.
  public init(_ data: LabelledActivations, shape: ModelShape) {
    self.data = data
    self.shape = shape
  }

  /// Every head by the accuracy of its probe: logistic regression on the train texts, judged by the validation texts.
  ///
  /// - Parameter progress: called with the number of heads done so far.
  public func ranking(_ fold: Fold, progress: (Int) throws -> Void = { _ in }) throws -> HeadRanking {
    guard !fold.validation.isEmpty else {
      throw FittingError.tooFew(what: "validation texts", needed: 1, got: 0)
    }
    var entries: [HeadRanking.Entry] = []
    for layer in 0..<shape.layers {
      let site = Site(layer: layer, component: .headOutput)
      for head in 0..<shape.heads {
        let train = try data.samples(at: site, head: head, of: fold.train)
        let judged = try data.samples(at: site, head: head, of: fold.validation)
        let probe = try LogisticRegression(train.rows, train.labels)
        entries.append(
          .init(layer: layer, head: head, score: try probe.accuracy(judged.rows, judged.labels)))
        try progress(entries.count)
      }
    }
    return HeadRanking(entries)
  }

  /// Directions of chosen heads, best first, and how far the samples spread along them.
  ///
  /// - Parameters:
  ///   - heads: the layer and head of each; the same head twice is one.
  ///   - random: feeds random directions and the starts of ccs.
  public func directions(
    of heads: [HeadRanking.Entry], _ fold: Fold, kind: Direction.Kind = .meanDifference,
    deviation: Deviation = .development, using random: RandomSource
  ) throws -> [(head: HeadRanking.Entry, direction: Direction)] {
    // A probe's weight is fitted on what the probe that chose the head saw; means and components take validation in too.
    let fitted = kind == .probeWeight ? fold.train : fold.development
    let measured = deviation == .leaking ? Array(0..<data.labels.count) : fold.development
    return try heads.map { entry in
      let site = Site(layer: entry.layer, component: .headOutput)
      let rows = try data.activations.rows(at: site, head: entry.head, of: measured)
      return (
        entry,
        try Direction(
          kind, in: data.samples(at: site, head: entry.head, of: fitted), using: random, measuredOn: rows,
          place: "\(site)[\(entry.head)]")
      )
    }
  }

  /// An adapter of method `iti` that moves these heads by `alpha` deviations along their directions.
  public static func adapter(
    _ directions: [(head: HeadRanking.Entry, direction: Direction)], alpha: Double, positions: Positions = .all,
    registry: InterventionRegistry = .standard, for model: any LanguageModel
  ) throws -> Adapter {
    let locations = HeadRanking(directions.map(\.head)).locations(top: directions.count, positions: positions)
    var tensors: [NamedTensor] = []
    for location in locations {
      guard case .list(let items) = location.layers, case .one(let layer)? = items.first else { continue }
      // The heads of a layer are kept in their order, whatever their rank.
      let chosen = directions.filter { $0.head.layer == layer }.sorted { $0.head.head < $1.head.head }
      let key = Site(layer: layer, component: .headOutput).description
      tensors.append(
        NamedTensor(
          "\(key).direction",
          try Tensor(
            chosen.flatMap { $0.direction.vector.map(Float.init) }, shape: [chosen.count, model.shape.headDim])))
      tensors.append(NamedTensor("\(key).sigma", try Tensor(chosen.map { Float($0.direction.deviation) })))
    }
    return try Adapter(
      Adapter.Plan(method: ITI.method, settings: ["alpha": .number(alpha)], locations: locations),
      of: registry.method(ITI.method), for: model, restoring: tensors, source: "fitted directions")
  }
}
