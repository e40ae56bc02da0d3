#!/usr/bin/env bash
# Puts libtorch 2.11.0 (CPU: headers and libraries, nothing of Python) into the cache and links .engine to it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
checkout=$(cd "$here/../.." && pwd)
source "$here/cache.sh"

if [ -n "${REFT_LIBTORCH:-}" ]; then
  [ -e "$REFT_LIBTORCH/torch/include/ATen/core/Tensor.h" ] \
    || give_up "REFT_LIBTORCH=$REFT_LIBTORCH has no torch/include and torch/lib; unset it to fetch libtorch 2.11.0"
  exit 0
fi

packages=(torch nvidia-cuda-runtime nvidia-cuda-cupti)
cache=$(reft_cache)
engine=$cache/engine/libtorch-2.11.0-cpu
# The stamp is written last: a folder that has it is whole, and made from just these files.
stamp=$(for name in "${packages[@]}"; do awk -v n="$name" '$1 == n { print $1, $2, $5 }' "$here/packages.lock"; done)

is_whole() {
  [ "$(cat "$engine/stamp" 2>/dev/null)" = "$stamp" ] \
    && [ -e "$engine/torch/lib/libtorch_cpu.so" ] && [ -e "$engine/torch/include/ATen/core/Tensor.h" ]
}

if ! is_whole; then
  mkdir -p "$cache/engine" "$cache/downloads"
  sweep_partial "$cache/engine"
  sweep_partial "$cache/downloads"
  listed=$(python3 "$here/fetch.py" "$cache/downloads" "${packages[@]}")
  partial=$engine.partial.$$
  trap 'rm -rf "$partial"' EXIT
  echo "unpacking libtorch 2.11.0 (about 20 s)" >&2
  while read -r wheel; do
    # Left out: what only Python or a GPU uses. libtorch_cpu and libc10 are all that is linked.
    status=0
    unzip -q -o "$wheel" 'torch/lib/*' 'torch/include/*' 'torch/share/*' 'nvidia/*' -d "$partial" \
      -x '*/libtorch_cuda*' '*/libc10_cuda*' '*/libtorch_nvshmem*' '*/libcaffe2_nvrtc*' '*/libtorch_python*' \
      '*/libshm*' '*/libtorch_global_deps*' '*/libtorch.so' 2>"$cache/engine/unzip.log" || status=$?
    # 11: a wheel that lacks one of the folders asked for, as each of the three does.
    [ "$status" -eq 0 ] || [ "$status" -eq 11 ] \
      || give_up "$(basename "$wheel") could not be unpacked: $(tail -1 "$cache/engine/unzip.log"); is the disk full?"
  done <<<"$listed"
  rm -f "$cache/engine/unzip.log"
  echo "$stamp" >"$partial/stamp"
  if ! is_whole; then  # another clone may have finished first
    rm -rf "$engine"
    mv "$partial" "$engine"
  fi
  while read -r wheel; do rm -f "$wheel"; done <<<"$listed"
fi
ln -sfn "$engine" "$checkout/.engine"
