#!/usr/bin/env bash
# Fails when a tracked file names a place that exists on one machine only.
set -euo pipefail
cd "$(dirname "$0")/../.."
found=$(git grep -nIE '(^|[^A-Za-z0-9_.])/(work|root|Users|home/[a-z]+)/' -- . ':!scripts/check/paths.sh' || true)
[ -z "$found" ] || { echo "$found" >&2; echo "machine paths in tracked files" >&2; exit 1; }
