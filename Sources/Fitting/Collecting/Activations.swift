public import LanguageModels
public import Tensors

/// What a model has at chosen sites for a list of texts: one row a text.
public struct Activations {
  /// Number of texts.
  public let count: Int
  private let rows: [Site: Tensor]

  init(count: Int, rows: [Site: Tensor]) {
    self.count = count
    self.rows = rows
  }

  /// The sites that were collected, in order.
  public var sites: [Site] { rows.keys.sorted() }

  /// The rows of one site in double precision, `[texts, width]`; `[texts, headDim]` for one head of a site that has heads.
  ///
  /// - Parameter texts: the texts whose rows are wanted, in this order; `nil` for all.
  /// - Precondition: the site was collected.
  public func rows(at site: Site, head: Int? = nil, of texts: [Int]? = nil) throws(TensorError) -> Tensor {
    guard var found = rows[site] else { preconditionFailure("\(site) was not collected") }
    if let head { found = try found.narrowed(1, head..<head + 1).squeezed(1) }
    if found.rank > 2 { found = try found.reshaped([count, -1]) }
    if let texts { found = try found.selected(Tensor(texts.map(Int64.init))) }
    return try found.converted(to: .float64)
  }
}
