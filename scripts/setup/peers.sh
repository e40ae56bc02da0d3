#!/usr/bin/env bash
# Puts the libraries that `make bench` compares with into a virtual environment in the cache, and prints its Python.
# REFT_PEERS=FOLDER takes an environment that is there already.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/cache.sh"

# What is compared, and what must be pinned for these versions to go together.
packages=(torch==2.11.0 transformers==4.45.1 tokenizers==0.20.3 huggingface-hub==0.25.2 datasets==3.0.1 fsspec==2024.6.1
  accelerate==1.0.1 gguf==0.17.1 numpy==2.1.3 matplotlib==3.9.2 seaborn==0.12.2 sentencepiece==0.2.0
  pandas==3.0.6 pyarrow==26.0.1)
# Their own lists ask for notebooks and plots too, which nothing here imports.
bare=(pyreft==0.1.0 pyvene==0.1.8 peft==0.13.2)
stamp="${packages[*]} ${bare[*]}"
peers=${REFT_PEERS:-$(reft_cache)/peers/environment}
python=$peers/bin/python3

if [ -n "${REFT_PEERS:-}" ]; then
  [ -x "$python" ] || give_up "REFT_PEERS=$peers has no bin/python3; unset it to have the environment made"
elif [ "$(cat "$peers/stamp" 2>/dev/null)" != "$stamp" ]; then
  log=$(reft_cache)/peers/pip.log
  mkdir -p "$(dirname "$peers")"
  rm -rf "$peers"
  echo "setup: the libraries to compare with, about 3 GB (once)" >&2
  python3 -m venv "$peers" || give_up "python3 cannot make virtual environments; on Debian or Ubuntu: sudo apt install python3-venv"
  { "$python" -m pip install "${packages[@]}" && "$python" -m pip install --no-deps "${bare[@]}"; } >"$log" 2>&1 \
    || give_up "the libraries to compare with could not be installed; see $log"
  echo "$stamp" >"$peers/stamp"
fi
echo "$python"
