public import Tensors

extension Transformer {
  public func stream(_ batch: TokenBatch, at site: Site, tap: Tap) throws(TensorError) -> ResidualStream {
    let pass = Pass(batch, cache: nil, tap: tap.below(site), on: device)
    let rows = try through(0..<site.blocksBelow, entered(pass), pass)
    return ResidualStream(at: site, rows: try pass.tokens(of: rows))
  }

  public func hidden(_ batch: TokenBatch, from stream: ResidualStream, tap: Tap) throws(TensorError) -> Tensor {
    precondition(tap.virtualSequences(of: batch).isEmpty, "a soft prompt goes through all layers")
    let pass = Pass(batch, cache: nil, tap: tap, on: device)
    let site = stream.site
    // The block is done but for the edits of its output.
    let h = site.component == .blockOutput ? try pass.layer(site.layer).tap(stream.rows, at: .blockOutput) : stream.rows
    return try finished(through(site.blocksBelow..<blocks.count, h, pass), pass)
  }
}
