#!/usr/bin/env bash
# Looks for the tools that set-up and build need. One line for each that is missing, with the way to get it.
set -euo pipefail
source "$(dirname "$0")/cache.sh"

missing=0
need() {
  echo "setup: $*" >&2
  missing=1
}

if ! command -v swift >/dev/null; then
  need "swift is missing; install Swift 6.3 from swift.org/install and put it on PATH"
else
  version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' | head -1)
  major=${version%%.*} minor=${version##*.}
  if [ -z "$version" ] || [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 2 ]; }; then
    need "swift ${version:-of an unknown version} is too old, 6.2 or later is needed; install Swift 6.3 from swift.org/install"
  fi
fi
command -v git >/dev/null || need "git is missing; on Debian or Ubuntu: sudo apt install git"
command -v unzip >/dev/null || need "unzip is missing; on Debian or Ubuntu: sudo apt install unzip"
if ! command -v python3 >/dev/null; then
  need "python3 is missing (its pip does the downloads); on Debian or Ubuntu: sudo apt install python3 python3-pip"
elif ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))'; then
  need "python3 is too old, 3.9 or later is needed; on Debian or Ubuntu: sudo apt install python3 python3-pip"
elif ! python3 -m pip --version >/dev/null 2>&1; then
  need "python3 has no pip; on Debian or Ubuntu: sudo apt install python3-pip"
fi

cache=$(reft_cache)
mkdir -p "$cache" 2>/dev/null || need "the cache folder $cache cannot be made; set REFT_CACHE to a folder you can write to"
if [ -d "$cache" ]; then
  [ -w "$cache" ] || need "the cache folder $cache is read-only; set REFT_CACHE to a folder you can write to"
  # The wheels (0.6 GB) and what is unpacked from them (0.7 GB) lie side by side for a moment; the rest is the build.
  wanted=3
  [ -e "$cache/engine" ] && wanted=1
  free=$(df -Pk "$cache" | awk 'NR == 2 { print int($4 / 1048576) }')
  [ "$free" -ge "$wanted" ] \
    || need "the disk of $cache has $free GB free, $wanted GB are needed; make room or set REFT_CACHE to another disk"
fi
exit $missing
