// Memory that a thread works in.
#pragma once

#include "panels.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

namespace reft {

/// Memory of a thread that grows as needed, on whole cache lines: where it lies must not decide how sums round.
class Scratch {
 public:
  /// Room for so many floats; what was there is lost.
  float *of(int64_t count) {
    if (count > capacity_) {
      std::free(floats_);
      floats_ = nullptr;
      capacity_ = 0;
      floats_ = static_cast<float *>(std::aligned_alloc(64, static_cast<size_t>(up_to_16(count)) * sizeof(float)));
      if (floats_ == nullptr) throw std::bad_alloc();
      capacity_ = up_to_16(count);
    }
    return floats_;
  }
  float *zeros(int64_t count) {
    std::memset(of(count), 0, static_cast<size_t>(count) * sizeof(float));
    return floats_;
  }
  Scratch() = default;
  Scratch(const Scratch &) = delete;
  Scratch &operator=(const Scratch &) = delete;
  ~Scratch() { std::free(floats_); }

 private:
  float *floats_ = nullptr;
  int64_t capacity_ = 0;
};

}  // namespace reft
