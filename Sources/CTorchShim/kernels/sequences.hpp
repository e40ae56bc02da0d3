// Packed sequences, and what each goes on from.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

namespace reft {

/// The sequences of a batch: rows `[first, first + count)`, behind those of `parent` and its own parents; one without a parent (-1)
/// goes on from the first `path` rows of rows that stand before the batch, or from none.
struct Sequences {
  const int64_t *first, *count, *parent, *path;
  int64_t number;
  bool causal;

  /// The sequences that one goes on from, the first of them first.
  std::vector<int64_t> ancestors(int64_t i) const {
    std::vector<int64_t> chain;
    for (int64_t p = parent[i]; p >= 0; p = parent[p]) chain.insert(chain.begin(), p);
    return chain;
  }
  /// How many rows of the path it goes on from.
  int64_t path_rows(int64_t i) const {
    while (parent[i] >= 0) i = parent[i];
    return path[i];
  }
  /// How often a row looks at a key.
  int64_t pairs() const {
    int64_t all = 0;
    for (int64_t i = 0; i < number; ++i) {
      int64_t before = path_rows(i);
      for (int64_t a : ancestors(i)) before += count[a];
      all += count[i] * before + (causal ? count[i] * (count[i] + 1) / 2 : count[i] * count[i]);
    }
    return all;
  }
};

/// Sequences by their length, the longest first, so that no thread begins a long one last.
inline std::vector<int64_t> longest_first(const Sequences &sequences) {
  std::vector<int64_t> order(static_cast<size_t>(sequences.number));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return sequences.count[a] > sequences.count[b]; });
  return order;
}

}  // namespace reft
