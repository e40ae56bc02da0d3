// Pieces of work of different lengths, shared among the threads.
#pragma once

#include "../parallel.hpp"

#include <ATen/Parallel.h>

namespace reft {

/// Calls `task(i)` for `[0, count)` on all threads, each taking the next one when it is done with its last.
template <typename Task> void for_each(int64_t count, Task task) {
  std::atomic<int64_t> next{0};
  at::parallel_for(0, std::min<int64_t>(at::get_num_threads(), count), 1, [&](int64_t, int64_t) {
    for (int64_t i = next++; i < count; i = next++) task(i);
  });
}

}  // namespace reft
