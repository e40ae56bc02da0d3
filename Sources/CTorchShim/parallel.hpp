// Makes `at::parallel_for` run on all threads in code of ours.
//
// The engine's headers share work only where the compiler knows OpenMP, which Swift's does not bring: a loop would run on one
// core without a word. This is what they would do, on the runtime that the engine has loaded, so that both use one set of
// threads. It stands before their first inclusion. Where there is no such runtime the loop runs on one core.
#pragma once

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>

#define INTRA_OP_PARALLEL

namespace at::internal {

void set_thread_num(int number);

/// The entrances of libgomp that compilers call.
struct ThreadTeam {
  void (*parallel)(void (*body)(void *), void *data, unsigned threads, unsigned flags);
  int (*number)();
  int (*size)();

  static const ThreadTeam &of_engine() {
    static const ThreadTeam team{
        reinterpret_cast<decltype(parallel)>(dlsym(RTLD_DEFAULT, "GOMP_parallel")),
        reinterpret_cast<decltype(number)>(dlsym(RTLD_DEFAULT, "omp_get_thread_num")),
        reinterpret_cast<decltype(size)>(dlsym(RTLD_DEFAULT, "omp_get_num_threads")),
    };
    return team;
  }
  bool is_there() const { return parallel != nullptr && number != nullptr && size != nullptr; }
};

template <typename F> void invoke_parallel(int64_t begin, int64_t end, int64_t grain_size, const F &f) {
  struct Work {
    const ThreadTeam &team;
    int64_t begin, end, grain;
    const F &f;
    std::atomic_flag failed;
    std::exception_ptr error;
  } work{ThreadTeam::of_engine(), begin, end, std::max<int64_t>(1, grain_size), f, {}, nullptr};
  if (!work.team.is_there()) return f(begin, end);
  work.team.parallel(
      [](void *data) {
        auto &work = *static_cast<Work *>(data);
        const int64_t pieces = (work.end - work.begin + work.grain - 1) / work.grain;
        const int64_t threads = std::min<int64_t>(work.team.size(), pieces), number = work.team.number();
        const int64_t length = (work.end - work.begin + threads - 1) / threads, first = work.begin + number * length;
        if (first >= work.end) return;
        try {
          set_thread_num(static_cast<int>(number));
          work.f(first, std::min(work.end, first + length));
        } catch (...) {
          if (!work.failed.test_and_set()) work.error = std::current_exception();
        }
        set_thread_num(0);
      },
      &work, 0, 0);
  if (work.error) std::rethrow_exception(work.error);
}

}  // namespace at::internal
