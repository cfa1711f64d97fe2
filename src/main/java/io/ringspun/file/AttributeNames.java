package io.ringspun.file;

import java.io.IOException;
import java.nio.file.LinkOption;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** Attributes asked for by name, such as {@code "size"} or {@code "posix:owner,permissions"}. */
final class AttributeNames {
  private static final Map<String, Function<PosixFileAttributes, Object>> BASIC =
      Map.of(
          "size", PosixFileAttributes::size,
          "creationTime", PosixFileAttributes::creationTime,
          "lastAccessTime", PosixFileAttributes::lastAccessTime,
          "lastModifiedTime", PosixFileAttributes::lastModifiedTime,
          "fileKey", PosixFileAttributes::fileKey,
          "isDirectory", PosixFileAttributes::isDirectory,
          "isRegularFile", PosixFileAttributes::isRegularFile,
          "isSymbolicLink", PosixFileAttributes::isSymbolicLink,
          "isOther", PosixFileAttributes::isOther);

  private static final Map<String, Function<PosixFileAttributes, Object>> POSIX = posix();

  private AttributeNames() {}

  private static Map<String, Function<PosixFileAttributes, Object>> posix() {
    Map<String, Function<PosixFileAttributes, Object>> names = new HashMap<>(BASIC);
    names.put("owner", PosixFileAttributes::owner);
    names.put("group", PosixFileAttributes::group);
    names.put("permissions", PosixFileAttributes::permissions);
    return names;
  }

  private static String viewOf(String attributes) {
    int colon = attributes.indexOf(':');
    return colon < 0 ? "basic" : attributes.substring(0, colon);
  }

  /** Returns whether the ring can answer. */
  static boolean areOurs(String attributes) {
    String view = viewOf(attributes);
    return view.equals("basic") || view.equals("posix");
  }

  /**
   * Reads attributes.
   *
   * @throws IllegalArgumentException if there is none of one of the names
   */
  static Map<String, Object> read(RingPath file, String attributes, LinkOption... options)
      throws IOException {
    var known = viewOf(attributes).equals("posix") ? POSIX : BASIC;
    Set<String> wanted = new LinkedHashSet<>();
    for (String name : attributes.substring(attributes.indexOf(':') + 1).split(",", 0)) {
      if (name.equals("*")) {
        wanted.addAll(known.keySet());
      } else if (known.containsKey(name)) {
        wanted.add(name);
      } else {
        throw new IllegalArgumentException("'" + name + "' not recognized");
      }
    }
    PosixFileAttributes values = RingPosixAttributes.read(file, options);
    Map<String, Object> result = new HashMap<>();
    known.forEach(
        (name, value) -> {
          if (wanted.contains(name)) {
            result.put(name, value.apply(values));
          }
        });
    return result;
  }
}
