#!/bin/sh
# Compiles the C programs to target/jmh-c, with the distribution's liburing fetched by the build.
set -eu
cd "$(dirname "$0")/../../.."
settings=$(sh src/main/build/liburing.sh dev target/jmh-c)
setting() {
  echo "$settings" | sed -n "s/^$1=//p"
}
library=$(setting lib)
for name in nop read echo echo-load accept-load; do
  "$(setting cc)" -O2 -Wall -Wextra -Werror -isystem "$(setting include)" "src/jmh/c/$name.c" \
    -o "target/jmh-c/$name" -L"$library" -luring -Wl,-rpath,"$library"
  echo "target/jmh-c/$name"
done
