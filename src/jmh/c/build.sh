#!/bin/sh
# Compiles nop.c to target/jmh-c/nop, with the distribution's liburing fetched by the build.
set -eu
cd "$(dirname "$0")/../../.."
settings=$(sh src/main/build/liburing.sh dev target/jmh-c)
setting() {
  echo "$settings" | sed -n "s/^$1=//p"
}
library=$(setting lib)
"$(setting cc)" -O2 -Wall -Wextra -Werror -isystem "$(setting include)" src/jmh/c/nop.c \
  -o target/jmh-c/nop -L"$library" -luring -Wl,-rpath,"$library"
echo target/jmh-c/nop
