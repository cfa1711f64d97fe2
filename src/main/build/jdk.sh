#!/bin/sh
# jdk.sh VERSION: says in plain words what to do if no JDK of that version or a newer one is in the
# usual places. Never fails: the toolchains plugin, which knows more places, decides.
wanted=$1
for release in "${JAVA_HOME:-/usr/lib/jvm/default-java}"/release /usr/lib/jvm/*/release \
  /usr/java/*/release /opt/*/release "$HOME"/.jdks/*/release \
  "$HOME"/.sdkman/candidates/java/*/release; do
  [ -x "${release%/release}/bin/javac" ] || continue
  version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$release" 2>/dev/null)
  [ "${version:-0}" -ge "$wanted" ] && exit 0
done
cat >&2 <<MESSAGE
Ringspun needs JDK $wanted or newer to build, and none was found.
Install one under /usr/lib/jvm, or point JAVA_HOME to one. Maven itself may run on an older JDK.
MESSAGE
