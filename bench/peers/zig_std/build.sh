#!/bin/sh
# usage: build.sh <folder> [test]
# Gets the pinned compiler from PyPI into <folder>/compiler unless it is there. Builds <folder>/zig-std
# with it unless that is up to date, or runs the unit tests.
set -eu
cd "$(dirname "$0")"
folder=$1
compiler=$folder/compiler
program=$folder/zig-std

# Copied last: it says that the whole of it is there.
if ! cmp -s requirements.txt "$compiler/requirements.txt"; then
  rm -rf "$compiler"
  if ! python3 -m venv "$compiler" >&2; then
    echo 'The compiler comes from PyPI (pip install ziglang==0.17.0), and this Python cannot make the' >&2
    echo 'environment to put it into. Debian: apt-get install python3-venv' >&2
    exit 1
  fi
  "$compiler/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps \
    --only-binary :all: --requirement requirements.txt >&2
  cp requirements.txt "$compiler/requirements.txt"
fi

zig() {
  ZIG_LOCAL_CACHE_DIR=$folder/cache ZIG_GLOBAL_CACHE_DIR=$folder/cache \
    "$compiler/bin/python" -m ziglang "$@"
}

if [ "${2-}" = test ]; then
  zig test src/main.zig
elif [ ! -e "$program" ] || [ -n "$(find build.sh requirements.txt src -newer "$program")" ]; then
  zig build-exe -O ReleaseFast -fstrip -mcpu=baseline -femit-bin="$program" src/main.zig
fi
