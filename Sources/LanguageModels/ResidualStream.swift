public import Tensors

/// The residual stream of a batch at one place, from which a pass can go on: what lies below is not computed again.
public struct ResidualStream {
  /// ``Component/blockInput`` or ``Component/blockOutput`` of a layer; its edits have not acted yet.
  public let site: Site
  /// The rows of the batch's tokens, `[rows, d]`.
  public let rows: Tensor

  /// A stream that was computed before, by ``LanguageModel/stream(_:at:tap:)``.
  ///
  /// - Precondition: the site is an input or an output of a block.
  public init(at site: Site, rows: Tensor) {
    precondition(site.isOnResidualStream, "\(site) is no place on the residual stream")
    self.site = site
    self.rows = rows
  }
}

extension Site {
  /// Whether everything that a pass knows goes through this one activation.
  public var isOnResidualStream: Bool { component == .blockInput || component == .blockOutput }

  /// The last place on the residual stream that is not above this site.
  public var streamBelow: Site { isOnResidualStream ? self : Site(layer: layer, component: .blockInput) }

  /// Blocks that lie below: a pass from here leaves them out.
  public var blocksBelow: Int { component == .blockOutput ? layer + 1 : layer }
}
