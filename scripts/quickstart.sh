#!/usr/bin/env bash
# Set-up, then the main job: LoReFT and LoFiT on a real model, from data to a table of results.
set -euo pipefail
cd "$(dirname "$0")/.."
make --no-print-directory build
