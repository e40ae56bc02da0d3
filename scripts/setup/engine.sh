#!/usr/bin/env bash
# Puts libtorch 2.11.0 (headers and libraries, nothing of Python) into the cache and links .engine to it: engine.sh [cpu|cuda]
#   cpu    what runs on the processor alone; 0.5 GB to fetch
#   cuda   the same and what NVIDIA GPUs need; 2.5 GB to fetch, 3.6 GB on disk
# Without an argument: the part that .engine is linked to, else cpu. Both parts can lie side by side; the build is the same.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
checkout=$(cd "$here/../.." && pwd)
source "$here/cache.sh"

if [ -n "${REFT_LIBTORCH:-}" ]; then
  [ -e "$REFT_LIBTORCH/torch/include/ATen/core/Tensor.h" ] \
    || give_up "REFT_LIBTORCH=$REFT_LIBTORCH has no torch/include and torch/lib; unset it to fetch libtorch 2.11.0"
  exit 0
fi

case "${1:-$(basename "$(readlink "$checkout/.engine" || true)")}" in
  cuda | libtorch-2.11.0-cuda) part=cuda ;;
  cpu | libtorch-* | "") part=cpu ;;
  *) give_up "there is no part '$1' of the engine; cpu and cuda are" ;;
esac
packages=(torch nvidia-cuda-runtime nvidia-cuda-cupti)
# Left out: what only Python uses, static libraries, and headers beside the engine's own.
without=('*/libtorch_python*' '*/libshm*' '*/libtorch_global_deps*' '*/libtorch.so' '*.a' 'nvidia/*/include/*')
library=libtorch_cpu.so
if [ "$part" = cuda ]; then
  packages+=(nvidia-cublas nvidia-cuda-nvrtc nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-curand nvidia-cusolver \
    nvidia-cusparse nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink nvidia-nvshmem-cu13 nvidia-nvtx)
  library=libtorch_cuda.so
else
  # libtorch_cpu and libc10 are all that is linked.
  without+=('*/libtorch_cuda*' '*/libc10_cuda*' '*/libtorch_nvshmem*' '*/libcaffe2_nvrtc*')
fi
cache=$(reft_cache)
engine=$cache/engine/libtorch-2.11.0-$part
# The stamp is written last: a folder that has it is whole, and made from just these files.
stamp=$(for name in "${packages[@]}"; do awk -v n="$name" '$1 == n { print $1, $2, $5 }' "$here/packages.lock"; done)

is_whole() {
  [ "$(cat "$engine/stamp" 2>/dev/null)" = "$stamp" ] \
    && [ -e "$engine/torch/lib/$library" ] && [ -e "$engine/torch/include/ATen/core/Tensor.h" ]
}

if ! is_whole; then
  mkdir -p "$cache/engine" "$cache/downloads"
  sweep_partial "$cache/engine"
  sweep_partial "$cache/downloads"
  if [ "$part" = cuda ]; then
    free=$(df -Pk "$cache" | awk 'NR == 2 { print int($4 / 1048576) }')
    [ "$free" -ge 7 ] || give_up "the disk of $cache has $free GB free, 7 GB are needed for a moment, 4 GB stay; \
make room or set REFT_CACHE to another disk"
  fi
  listed=$(python3 "$here/fetch.py" "$cache/downloads" "${packages[@]}")
  partial=$engine.partial.$$
  trap 'rm -rf "$partial"' EXIT
  echo "unpacking libtorch 2.11.0 (about $([ "$part" = cuda ] && echo 90 || echo 20) s)" >&2
  while read -r wheel; do
    status=0
    unzip -q -o "$wheel" 'torch/lib/*' 'torch/include/*' 'torch/share/*' 'nvidia/*' -d "$partial" \
      -x "${without[@]}" 2>"$cache/engine/unzip.log" || status=$?
    # 11: a wheel that lacks one of the folders asked for, as each of them does.
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
