import CTorchShim

/// Work that is done again and again over the same memory, whose shapes and choices never change.
///
/// On a GPU its second run is recorded into a CUDA graph, and from then on the host launches all of it by one call; on the CPU it is
/// done anew each time. What goes in is written into tensors that the work reads (``Tensor/assign(_:)``); what comes out lies in the
/// tensors that a run gives, which the next run may overwrite.
public final class RepeatedWork {
  private enum State {
    case new, warm, plain
    case recorded(Graph, [Tensor])
  }

  private let device: Device
  private let work: () throws(TensorError) -> [Tensor]
  private var state = State.new

  /// Why a GPU does the work call by call; `nil` where it is recorded, and where nothing speaks against it yet.
  public private(set) var whyNotRecorded: TensorError?

  /// Work that was not done yet.
  ///
  /// - Parameters:
  ///   - device: where its tensors lie.
  ///   - work: takes no numbers from the host and gives none to it; doing it twice is doing it once.
  public init(on device: Device, _ work: @escaping () throws(TensorError) -> [Tensor]) {
    self.device = device
    self.work = work
  }

  /// Whether a run is one launch.
  public var isRecorded: Bool { if case .recorded = state { true } else { false } }

  /// Does it once.
  public func callAsFunction() throws(TensorError) -> [Tensor] {
    switch state {
    case .new:
      // Libraries set themselves up in their first call, which cannot be recorded.
      state = device == .cpu ? .plain : .warm
      return try work()
    case .warm:
      do throws(TensorError) {
        let (graph, results) = try Graph.recording(on: device, work)
        state = .recorded(graph, results)
        try graph.replay()
        return results
      } catch {
        (state, whyNotRecorded) = (.plain, error)
        return try work()
      }
    case .plain: return try work()
    case .recorded(let graph, let results):
      try graph.replay()
      return results
    }
  }
}

/// Recorded work of a GPU, and the memory it works in.
private final class Graph {
  private let handle: OpaquePointer

  private init(owning handle: OpaquePointer) { self.handle = handle }
  deinit { reft_graph_release(handle) }

  /// Records work instead of doing it.
  static func recording(
    on device: Device, _ work: () throws(TensorError) -> [Tensor]
  ) throws(TensorError) -> (graph: Graph, results: [Tensor]) {
    var made: OpaquePointer?
    guard reft_graph_begin(device.native, &made) == REFT_OK, let made else { throw failure("recording", []) }
    let graph = Graph(owning: made)
    let results = try work()
    guard reft_graph_end(made) == REFT_OK else { throw failure("recording", []) }
    return (graph, results)
  }

  func replay() throws(TensorError) {
    guard reft_graph_replay(handle) == REFT_OK else { throw failure("replay", []) }
  }
}
