/// The adapter of Houlsby et al. and Pfeiffer et al.: `y + s U act(D y)`, behind attention and feed-forward network.
///
/// Shapes, source and deviations: ``BottleneckAdapter``; y what a projection wrote.
public typealias SeriesAdapter = BottleneckAdapter<SeriesPlacement>

/// A bottleneck on what a projection wrote.
public enum SeriesPlacement: BottleneckPlacement {
  public static let method = "series_adapter"
  public static let summary = "y + s U act(D y): a bottleneck behind the attention and the feed-forward network"
  public static let reference = "Houlsby et al., arXiv 1902.00751, sec. 2; LLM-Adapters, arXiv 2304.01933"
  public static let defaultLocations = "all.attention_output@all;all.mlp_output@all"
  public static let isParallel = false
}
