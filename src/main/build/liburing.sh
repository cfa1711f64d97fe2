#!/bin/sh
# Fetches liburing from the distribution's own packages, as any user, without changing the system.
#
#   liburing.sh bundle DIR CLASSES [LIBRARY]
#       puts liburing.so.2 of this machine's architecture under CLASSES, which the build packs into
#       the jar; DIR is for what that needs. LIBRARY is a liburing.so.2 the user has named; it is
#       not copied, but with it a failure to fetch is only a warning.
#   liburing.sh dev DIR
#       puts liburing-dev's headers under DIR and prints "cc=COMPILER", "include=DIRECTORY" and
#       "lib=DIRECTORY" for a test that compiles C. Exits with 77 and a reason if it cannot.
#
# A second run finds its result and does nothing.
set -eu

usage() {
  echo "usage: $0 bundle DIR CLASSES [LIBRARY] | dev DIR" >&2
  exit 2
}

[ $# -ge 2 ] || usage
mode=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)

say() {
  echo "liburing: $*" >&2
}

# apt with lists, cache and hooks of its own: neither root nor filled system lists are needed, and
# the system's are left alone. The options are in a file because only a file can clear a list.
apt() {
  mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial"
  cat >"$dir/apt/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::State::Lists "$dir/apt/lists";
Dir::Cache "$dir/apt/cache";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
  apt-get -q -c "$dir/apt/apt.conf" "$@"
}

update() {
  [ -f "$dir/apt/updated" ] && return 0
  apt update >"$dir/apt.log" 2>&1 || return 1
  : >"$dir/apt/updated"
}

# fetch PACKAGE...: downloads each package and unpacks it under $dir/root; on failure says why.
fetch() {
  for tool in apt-get dpkg-deb; do
    if ! command -v "$tool" >/dev/null 2>&1; then
      why="$tool is not on the PATH"
      return 1
    fi
  done
  rm -rf "$dir/deb"
  mkdir -p "$dir/deb" "$dir/root" "$dir/apt"
  if ! update || ! (cd "$dir/deb" && apt download "$@") >>"$dir/apt.log" 2>&1; then
    rm -f "$dir/apt/updated"
    why=$(grep '^[EW]:' "$dir/apt.log" | head -n 1)
    why="apt-get cannot download $*: ${why:-see $dir/apt.log}"
    return 1
  fi
  for deb in "$dir"/deb/*.deb; do
    dpkg-deb -x "$deb" "$dir/root"
  done
}

# The architecture as Java's os.arch names it.
java_arch() {
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64 | arm64) echo aarch64 ;;
    *) uname -m ;;
  esac
}

system_library() {
  { ldconfig -p || /sbin/ldconfig -p; } 2>/dev/null | sed -n 's/.*liburing\.so\.2 .*=> //p' | head -n 1
}

bundle() {
  native=$1/io/ringspun/internal/kernel/native/linux-$(java_arch)
  [ -f "$native/liburing.so.2" ] && return 0

  if fetch liburing2; then
    library=$(find "$dir/root" -name liburing.so.2 | head -n 1)
    mkdir -p "$native"
    cp -L "$dir/root/usr/share/doc/liburing2/copyright" "$native/liburing-copyright.txt"
    cp -L "$library" "$native/liburing.so.2.part"
    mv "$native/liburing.so.2.part" "$native/liburing.so.2" # last, since it marks the work done
    rm -rf "$dir/deb" "$dir/root" "$dir/apt"
    return 0
  fi

  say "$why"
  for present in "${2:-}" "$(system_library)"; do
    if [ -n "$present" ] && [ -f "$present" ]; then
      say "warning: the jar is built without a bundled liburing.so.2; found $present"
      return 0
    fi
  done
  say "there is no liburing.so.2 to put into the jar, and none on this system."
  say "Install the package liburing2 (liburing elsewhere), or name a library with" \
    "-Dio.ringspun.liburing=/path/to/liburing.so.2"
  exit 1
}

skip() {
  say "$*"
  exit 77
}

compiler() {
  for cc in "${CC:-}" cc gcc clang; do
    if [ -n "$cc" ] && echo '#include <stdio.h>' | "$cc" -E - >/dev/null 2>&1; then
      command -v "$cc"
      return 0
    fi
  done
  return 1
}

dev() {
  if ! cc=$(compiler); then
    [ "$(id -u)" = 0 ] || skip "no C compiler on the PATH; install gcc and libc6-dev"
    command -v apt-get >/dev/null 2>&1 || skip "no C compiler on the PATH, and no apt-get"
    mkdir -p "$dir/apt"
    { update && DEBIAN_FRONTEND=noninteractive apt install -y --no-install-recommends \
      gcc libc6-dev; } >>"$dir/apt.log" 2>&1 || skip "cannot install gcc; see $dir/apt.log"
    cc=$(compiler) || skip "gcc was installed but does not compile"
  fi

  if [ ! -f "$dir/done" ]; then
    fetch liburing2 liburing-dev || skip "$why"
    rm -rf "$dir/deb"
    : >"$dir/done"
  fi
  echo "cc=$cc"
  echo "include=$dir/root/usr/include"
  echo "lib=$(dirname "$(find "$dir/root" -name liburing.so | head -n 1)")"
}

case $mode in
  bundle)
    [ $# -ge 3 ] || usage
    bundle "$3" "${4:-}"
    ;;
  dev) dev ;;
  *) usage ;;
esac
