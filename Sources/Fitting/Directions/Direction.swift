public import Tensors

/// A unit vector in the space of one activation, with what is known of the samples along it.
public struct Direction: Sendable, Equatable {
  /// How a direction is found.
  public enum Kind: String, Sendable, CaseIterable {
    /// `mean(true) - mean(false)`: ITI's mass mean, RepE's cluster means, mean-difference steering.
    case meanDifference = "mean_difference"
    /// The weight of a logistic regression.
    case probeWeight = "probe_weight"
    /// The weight of a contrast-consistent probe; needs pairs.
    case ccs
    /// PCA of `h+ - h-`: RepE and repeng; needs pairs.
    case pcaDifference = "pca_diff"
    /// PCA of all rows around their common mean.
    case pcaCentred = "pca_center"
    /// PCA of rows around the mean of their pair: repeng's `pca_center`, activation-steering's `pca_pairwise`; needs pairs.
    case pcaPairwise = "pca_pairwise"
    /// Independent normal numbers: the baseline.
    case random

    /// The kind of a name; `mass_mean` (ITI) and `cluster_mean` (RepE) are other names of the difference of means.
    public init?(name: String) {
      switch name {
      case "mass_mean", "cluster_mean", "mean_diff": self = .meanDifference
      default: self.init(rawValue: name)
      }
    }

    /// Whether the kind is made for pairs.
    public var needsPairs: Bool { [.ccs, .pcaDifference, .pcaPairwise].contains(self) }
  }

  /// Unit norm; larger projections are those of true samples.
  public var vector: [Double]
  /// The length that the vector had before it was made a unit vector: the distance of the means for
  /// ``Kind/meanDifference``, 1 for a principal component.
  public var length: Double
  /// Population standard deviation of the projections of the samples it was measured on.
  public var deviation: Double
  /// Mean of the projections: what a score is counted from.
  public var centre: Double
}

/// Labelled rows of one activation.
public struct Samples {
  /// `[samples, d]`, float64.
  public let rows: Tensor
  /// One label a row.
  public let labels: [Bool]
  /// Indices of partners: a true row and a false row that belong together.
  public let pairs: [(positive: Int, negative: Int)]

  /// Rows with their labels, and which of them belong together.
  public init(rows: Tensor, labels: [Bool], pairs: [(positive: Int, negative: Int)] = []) {
    self.rows = rows
    self.labels = labels
    self.pairs = pairs
  }

  /// The rows with these indices.
  func selected(_ indices: [Int]) throws(TensorError) -> Tensor { try rows.selected(Tensor(indices.map(Int64.init))) }

  /// The rows of one label.
  func rows(labelled label: Bool) throws(TensorError) -> Tensor {
    try selected(labels.indices.filter { labels[$0] == label })
  }
}

extension Direction {
  /// Finds a direction in samples.
  ///
  /// Signs that the method leaves open (principal components, CCS) are set so that true samples project higher
  /// (``Projections/sign``). The samples are never changed.
  ///
  /// - Parameters:
  ///   - random: feeds ``Kind/random`` and the starts of ``Kind/ccs``.
  ///   - measured: the rows of which deviation and centre are taken; the samples themselves without.
  ///   - place: what errors call the activation.
  /// - Throws: ``FittingError``.
  public init(
    _ kind: Kind, in samples: Samples, using random: RandomSource, measuredOn measured: Tensor? = nil,
    place: String = "activations"
  ) throws {
    if kind.needsPairs, samples.pairs.isEmpty { throw FittingError.needsPairs(kind: kind.rawValue) }
    guard let first = samples.labels.first, samples.labels.contains(!first) else {
      throw FittingError.oneClass(label: samples.labels.first ?? false, count: samples.labels.count)
    }
    var raw = try Self.raw(kind, samples, random, place)
    let length = raw.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard length.isFinite else { throw FittingError.notFinite(what: "the direction at \(place)") }
    guard length > 0 else { throw FittingError.noDirection(kind: kind.rawValue, place: place) }
    for i in raw.indices { raw[i] /= length }
    switch kind {
    case .pcaDifference, .pcaCentred, .pcaPairwise, .ccs:
      let projections = try Projections(of: samples.rows, on: raw)
      if projections.sign(samples.labels, samples.pairs) < 0 { raw = raw.map { -$0 } }
    case .meanDifference, .probeWeight, .random: break
    }
    let along = try Projections(of: measured ?? samples.rows, on: raw)
    self.init(vector: raw, length: length, deviation: along.deviation, centre: along.mean)
  }

  private static func raw(
    _ kind: Kind, _ samples: Samples, _ random: RandomSource, _ place: String
  ) throws -> [Double] {
    func component(of rows: Tensor) throws -> [Double] {
      guard let vector = try PrincipalComponent.first(of: rows) else {
        throw FittingError.noDirection(kind: kind.rawValue, place: place)
      }
      return vector
    }
    switch kind {
    case .meanDifference:
      return try (mean(samples.rows(labelled: true)) - mean(samples.rows(labelled: false))).values()
    case .probeWeight: return try LogisticRegression(samples.rows, samples.labels).weight
    case .random: return try random.normal([samples.rows.size(1)]).values(as: Double.self)
    case .pcaCentred: return try component(of: samples.rows)
    case .pcaDifference:
      let (positive, negative) = try partners(samples)
      return try component(of: positive - negative)
    case .pcaPairwise:
      let (positive, negative) = try partners(samples)
      let centre = try (positive + negative) / 2
      return try component(of: Tensor.concatenated([positive - centre, negative - centre], along: 0))
    case .ccs:
      let (positive, negative) = try partners(samples)
      return try ContrastConsistency().fit(positive: positive, negative: negative, using: random).weight
    }
  }

  private static func partners(_ samples: Samples) throws(TensorError) -> (Tensor, Tensor) {
    (try samples.selected(samples.pairs.map(\.positive)), try samples.selected(samples.pairs.map(\.negative)))
  }

  private static func mean(_ rows: Tensor) throws(TensorError) -> Tensor {
    try rows.sum(along: 0) / Double(max(1, rows.size(0)))
  }
}
