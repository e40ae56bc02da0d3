#!/usr/bin/env bash
# Fails when a Swift file is not laid out as .swift-format says; `make format` mends it.
set -euo pipefail
cd "$(dirname "$0")/../.."
swift format lint --strict --recursive Sources Tests Package.swift || { echo "run: make format" >&2; exit 1; }
