import CTorchShim

/// The process-wide face of the engine: threads, GPUs, and the count of live tensors for leak checks.
public enum Engine {
  /// Whether CUDA can be used in this process.
  public enum CUDA: Sendable, Equatable {
    /// No GPU can be used; the reason is in words for people.
    case absent(reason: String)
    /// The CUDA half is loaded; the devices are `cuda:0` to `cuda:count-1`.
    case present(count: Int)

    /// Whether at least one GPU is there.
    public var isUsable: Bool {
      if case .present(let count) = self { count > 0 } else { false }
    }
  }

  /// Loads the CUDA half of the engine once, on first use, and tells what was found.
  ///
  /// The same binary runs with and without it: nothing of CUDA is linked, `libtorch_cuda.so` is looked up at run time, and only
  /// where there is a GPU.
  public static let cuda: CUDA = {
    var count: Int32 = 0
    guard reft_load_cuda(&count) == REFT_OK else {
      return .absent(reason: TensorError.lastMessage)
    }
    return count > 0 ? .present(count: Int(count)) : .absent(reason: "no CUDA device was found")
  }()

  /// Threads that one operation may use on the CPU.
  public static var threads: Int {
    get { Int(reft_threads()) }
    set { reft_set_threads(Int32(max(1, newValue))) }
  }

  /// Tensors that Swift holds at this moment; equal before and after a piece of work that leaks nothing.
  public static var liveTensors: Int { Int(reft_live_tensors()) }
}
