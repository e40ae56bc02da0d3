public import LanguageModels
public import Tasks
public import Tensors
public import Tokenization

/// Activations of labelled texts: what every fit begins with.
public struct LabelledActivations {
  /// One row a text and site.
  public let activations: Activations
  /// One label a text.
  public let labels: [Bool]
  /// The group of each text.
  public let groups: [Int]
  /// Whether texts 2i and 2i + 1 are a true one and its false partner.
  public let arePaired: Bool

  /// Activations with what is known of their texts.
  public init(_ activations: Activations, labels: [Bool], groups: [Int], arePaired: Bool) {
    self.activations = activations
    self.labels = labels
    self.groups = groups
    self.arePaired = arePaired
  }

  /// Runs a model over statements.
  ///
  /// - Parameter progress: called with the number of texts done so far.
  /// - Throws: ``FittingError`` with the record's file and line for a text that cannot be read.
  public init(
    _ statements: Statements, tokenizer: Tokenizer, model: any LanguageModel, at sites: [Site],
    reading: ActivationCollector.Reading = .last, progress: (Int) throws -> Void = { _ in }
  ) throws {
    let tokens = try statements.items.map { statement in
      let ids = tokenizer.encode(statement.text).ids
      guard !ids.isEmpty else { throw FittingError.emptyText(source: statement.source) }
      let limit = model.shape.contextLength
      guard ids.count <= limit else {
        throw FittingError.tooLong(tokens: ids.count, limit: limit, source: statement.source)
      }
      return ids
    }
    self.init(
      try ActivationCollector(model, reading: reading).collect(tokens, at: sites, progress: progress),
      labels: statements.items.map(\.label), groups: statements.items.map(\.group), arePaired: statements.arePaired)
  }

  /// The samples of one site or head, of these texts.
  public func samples(at site: Site, head: Int? = nil, of texts: [Int]) throws(TensorError) -> Samples {
    var pairs: [(positive: Int, negative: Int)] = []
    if arePaired {
      let places = Dictionary(uniqueKeysWithValues: texts.enumerated().map { ($1, $0) })
      for text in texts where text % 2 == 0 {
        if let positive = places[text], let negative = places[text + 1] { pairs.append((positive, negative)) }
      }
    }
    return Samples(
      rows: try activations.rows(at: site, head: head, of: texts), labels: texts.map { labels[$0] }, pairs: pairs)
  }

  /// The sites of all heads of a model.
  public static func headSites(of shape: ModelShape) -> [Site] {
    (0..<shape.layers).map { Site(layer: $0, component: .headOutput) }
  }
}
