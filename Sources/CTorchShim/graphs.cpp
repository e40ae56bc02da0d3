// Work of a GPU, recorded once and launched as one (CUDA graphs).
//
// The class is the engine's own, at::cuda::CUDAGraph, which brings the recorded work a pool of memory that nobody else is given. It
// lives in libtorch_cuda.so, which is loaded where there is a GPU and never linked: what is used of it is looked up by name. Names and
// layout are those of the one version of the engine that the shim is built with.
#include "shim.hpp"

#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>

namespace reft {
namespace {

/// Whether a recording was broken off by CUDA. The engine's allocator then keeps what it knew of it (mended in 2.12), so that neither another
/// recording nor the end of that graph is safe.
std::atomic<bool> broken{false};

/// The stream that work of a device is recorded on: one, because the engine keeps memory for matrix products with every stream that has
/// seen some.
c10::Stream recording_stream(const c10::impl::VirtualGuardImpl &guard, c10::Device device) {
  static std::mutex mutex;
  static std::map<c10::DeviceIndex, c10::Stream> streams;
  const std::lock_guard lock(mutex);
  const auto known = streams.find(device.index());
  if (known != streams.end()) return known->second;
  return streams.emplace(device.index(), guard.getStreamFromGlobalPool(device, true)).first->second;
}

template <typename Function> Function *engine_function(const char *name) {
  void *const found = dlsym(RTLD_DEFAULT, name);
  TORCH_CHECK(found != nullptr, "the engine's CUDA part has no ", name, ": is it of the version that this program was built with?");
  return reinterpret_cast<Function *>(found);
}

/// at::cuda::CUDAGraph by its functions.
class EngineGraph {
 public:
  EngineGraph() { engine_function<void(void *, bool)>("_ZN2at4cuda9CUDAGraphC1Eb")(bytes_, false); }
  ~EngineGraph() {
    try {
      engine_function<void(void *)>("_ZN2at4cuda9CUDAGraphD1Ev")(bytes_);
    } catch (...) {  // NOLINT: a destructor tells nobody
    }
  }
  EngineGraph(const EngineGraph &) = delete;
  EngineGraph &operator=(const EngineGraph &) = delete;

  void begin() {
    // A new pool; other threads may go on using the GPU while this one records (cudaStreamCaptureModeThreadLocal).
    using Pool = std::pair<unsigned long long, unsigned long long>;
    engine_function<void(void *, Pool, int)>("_ZN2at4cuda9CUDAGraph13capture_beginESt4pairIyyE21cudaStreamCaptureMode")(bytes_, Pool{0, 0}, 1);
  }
  void end() { engine_function<void(void *)>("_ZN2at4cuda9CUDAGraph11capture_endEv")(bytes_); }
  void replay() { engine_function<void(void *)>("_ZN2at4cuda9CUDAGraph6replayEv")(bytes_); }

 private:
  // The object is about 200 bytes in 2.11.0; its headers ask for CUDA's own, which nothing else here needs.
  alignas(64) unsigned char bytes_[1024] = {};
};

}  // namespace
}  // namespace reft

using namespace reft;

struct ReftGraph {
  std::unique_ptr<EngineGraph> graph = std::make_unique<EngineGraph>();
  c10::Device device;
  /// While it records: work goes to a stream of its own.
  std::unique_ptr<c10::StreamGuard> stream;

  explicit ReftGraph(c10::Device d) : device(d) {}
  void stop() {
    recording_graph = false;
    const auto leave = std::move(stream);  // the stream is left whatever happens
    try {
      graph->end();
    } catch (...) {
      broken = true;
      (void)graph.release();  // the allocator still looks at it
      throw;
    }
  }
};

ReftStatus reft_graph_begin(ReftDevice d, ReftGraph **out) {
  return guarded([&] {
    TORCH_CHECK(!recording_graph, "this thread records already");
    TORCH_CHECK(!broken, "an earlier recording was broken off by CUDA");
    const auto where = device(d);
    TORCH_CHECK(where.is_cuda(), "work is recorded on a GPU, not on ", where);
    const c10::impl::VirtualGuardImpl guard(where.type());
    guard.synchronizeDevice(where.index());
    // What is recorded has a pool of its own, and nothing can be given back to make room for it once it has begun.
    c10::getDeviceAllocator(where.type())->emptyCache();
    auto made = std::make_unique<ReftGraph>(where);
    made->stream = std::make_unique<c10::StreamGuard>(recording_stream(guard, where));
    made->graph->begin();
    recording_graph = true;
    *out = made.release();
  });
}
ReftStatus reft_graph_end(ReftGraph *graph) {
  return guarded([&] { graph->stop(); });
}
ReftStatus reft_graph_replay(ReftGraph *graph) {
  return guarded([&] {
    const c10::DeviceGuard guard(graph->device);
    graph->graph->replay();
  });
}
void reft_graph_release(ReftGraph *graph) {
  if (graph == nullptr) return;
  // What was begun and not ended is of no use to anybody.
  if (graph->stream) guarded([&] { graph->stop(); });
  delete graph;
}
