#!/usr/bin/env bash
# Set-up, then the main job on a real model: make data, train LoReFT and both stages of LoFiT, evaluate, one table.
set -euo pipefail
cd "$(dirname "$0")/.."
SECONDS=0
make --no-print-directory build
built=$SECONDS

reft=.build/release/reft
model=$(scripts/setup/model.sh)
echo "make quickstart: two-hop kinship puzzles, SmolLM2-135M-Instruct" >&2
rm -rf quickstart
"$reft" data kinship --seed 1 --train 300 --validation 50 --test 200 --output quickstart/data
"$reft" compare recipes/kinship/{loreft,lofit-stage1,lofit}.yaml --model "$model" --device cpu \
  --task kinship --test quickstart/data/test.jsonl --output quickstart
echo "make quickstart: $(( SECONDS - built )) s of data, training and evaluation, after $built s of set-up and build" >&2
