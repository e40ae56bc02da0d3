# Sourced by the set-up scripts: where downloads live, and how a script gives up.

# The folder that all clones share.
reft_cache() {
  if [ -n "${REFT_CACHE:-}" ]; then
    echo "$REFT_CACHE"
  elif [ "$(uname -s)" = Darwin ]; then
    echo "$HOME/Library/Caches/swift-reft"
  else
    echo "${XDG_CACHE_HOME:-$HOME/.cache}/swift-reft"
  fi
}

# One line that says what is wrong and what to do about it; then the end.
give_up() {
  echo "setup: $*" >&2
  exit 1
}

# Removes what killed runs left in folder $1: things named *.partial.PID whose process is gone.
sweep_partial() {
  local left
  for left in "$1"/*.partial.*; do
    [ -e "$left" ] || continue
    kill -0 "${left##*.}" 2>/dev/null || rm -rf "$left"
  done
}
