/// The adapter of He et al.: `f(x) + s U act(D x)`, beside a projection f.
///
/// Shapes, source and deviations: ``BottleneckAdapter``; x what the projection reads.
public typealias ParallelAdapter = BottleneckAdapter<ParallelPlacement>

/// A bottleneck on what a projection reads.
public enum ParallelPlacement: BottleneckPlacement {
  public static let method = "parallel_adapter"
  public static let summary = "f(x) + s U act(D x): a bottleneck beside the projections of the feed-forward network"
  public static let reference = "He et al., arXiv 2110.04366, sec. 3; LLM-Adapters, arXiv 2304.01933"
  public static let defaultLocations = "all.mlp_up@all;all.mlp_output@all"
  public static let isParallel = true
}
