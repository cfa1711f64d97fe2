package io.ringspun.internal.filesystem;

import io.ringspun.internal.file.FileErrors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.DosFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Attributes requested by name, such as {@code "size"} or {@code "posix:owner,permissions"}. */
final class AttributeNames {
  private static final String FILE_KEY = "fileKey";

  private static final Map<String, Function<BasicFileAttributes, Object>> BASIC =
      Map.of(
          "size",
          BasicFileAttributes::size,
          "creationTime",
          BasicFileAttributes::creationTime,
          "lastAccessTime",
          BasicFileAttributes::lastAccessTime,
          "lastModifiedTime",
          BasicFileAttributes::lastModifiedTime,
          FILE_KEY,
          BasicFileAttributes::fileKey,
          "isDirectory",
          BasicFileAttributes::isDirectory,
          "isRegularFile",
          BasicFileAttributes::isRegularFile,
          "isSymbolicLink",
          BasicFileAttributes::isSymbolicLink,
          "isOther",
          BasicFileAttributes::isOther);

  private static final Map<String, Function<PosixFileAttributes, Object>> POSIX =
      withBasic(
          Map.of(
              "owner", PosixFileAttributes::owner,
              "group", PosixFileAttributes::group,
              "permissions", PosixFileAttributes::permissions));

  private static final Map<String, Function<DosFileAttributes, Object>> DOS =
      withBasic(
          Map.of(
              "readonly", DosFileAttributes::isReadOnly,
              "hidden", DosFileAttributes::isHidden,
              "archive", DosFileAttributes::isArchive,
              "system", DosFileAttributes::isSystem));

  private AttributeNames() {}

  private static <A extends BasicFileAttributes> Map<String, Function<A, Object>> withBasic(
      Map<String, Function<A, Object>> more) {
    Map<String, Function<A, Object>> names = new HashMap<>(more);
    BASIC.forEach((name, value) -> names.put(name, value::apply));
    return names;
  }

  private static String viewOf(String attributes) {
    int colon = attributes.indexOf(':');
    return colon < 0 ? "basic" : attributes.substring(0, colon);
  }

  private static List<String> namesOf(String attributes) {
    return List.of(attributes.substring(attributes.indexOf(':') + 1).split(",", 0));
  }

  /**
   * Reads attributes.
   *
   * @throws IllegalArgumentException if there is no attribute of one of the names
   * @throws UnsupportedOperationException if the view is unknown
   */
  static Map<String, Object> read(RingPath file, String attributes, LinkOption... options)
      throws IOException {
    List<String> names = namesOf(attributes);
    return switch (viewOf(attributes)) {
      case "basic" -> {
        Set<String> wanted = wanted(BASIC.keySet(), names);
        yield values(wanted, BASIC, new RingAttributes(file.stat(FileErrors::ofSource, options)));
      }
      case "posix" -> {
        Set<String> wanted = wanted(POSIX.keySet(), names);
        yield values(wanted, POSIX, RingPosixAttributes.read(file, options));
      }
      case "dos" -> {
        Set<String> wanted = wanted(DOS.keySet(), names);
        yield values(wanted, DOS, RingDosAttributes.read(file, options));
      }
      case "user" -> {
        UserDefinedFileAttributeView view = userView(file, options);
        yield view == null ? withOurKey(file.jdk(), attributes, names, options) : user(view, names);
      }
      default -> withOurKey(file.jdk(), attributes, names, options);
    };
  }

  /**
   * Sets a time or an attribute of the user, for which the JDK would open the file.
   *
   * @return false if it is none of these, or the value is of the wrong type
   */
  static boolean set(RingPath file, String attribute, Object value, LinkOption... options)
      throws IOException {
    String name = namesOf(attribute).getFirst();
    switch (viewOf(attribute)) {
      case "basic", "posix" -> {
        if (!(value instanceof FileTime time)) {
          return false;
        }
        RingAttributeView view = new RingAttributeView(file, "posix", options);
        if (name.equals("lastModifiedTime")) {
          view.setTimes(time, null, null);
          return true;
        }
        if (name.equals("lastAccessTime")) {
          view.setTimes(null, time, null);
          return true;
        }
        return false;
      }
      case "user" -> {
        UserDefinedFileAttributeView view = userView(file, options);
        if (view == null || !(value instanceof byte[] bytes)) {
          return false;
        }
        view.write(name, ByteBuffer.wrap(bytes));
        return true;
      }
      default -> {
        return false;
      }
    }
  }

  private static @Nullable UserDefinedFileAttributeView userView(
      RingPath file, LinkOption... options) {
    return file.fileSystem()
        .provider()
        .getFileAttributeView(file, UserDefinedFileAttributeView.class, options);
  }

  private static Map<String, Object> user(UserDefinedFileAttributeView view, List<String> names)
      throws IOException {
    Map<String, Object> values = new HashMap<>();
    for (String name : names.contains("*") ? view.list() : names) {
      ByteBuffer value = ByteBuffer.allocate(view.size(name));
      view.read(name, value);
      values.put(name, Arrays.copyOf(value.array(), value.position()));
    }
    return Collections.unmodifiableMap(values);
  }

  private static Set<String> wanted(Set<String> known, List<String> names) {
    Set<String> wanted = new HashSet<>();
    for (String name : names) {
      if (name.equals("*")) {
        wanted.addAll(known);
      } else if (known.contains(name)) {
        wanted.add(name);
      } else {
        throw new IllegalArgumentException("'" + name + "' not recognized");
      }
    }
    return wanted;
  }

  private static <A> Map<String, Object> values(
      Set<String> wanted, Map<String, Function<A, Object>> known, A attributes) {
    Map<String, Object> result = new HashMap<>();
    known.forEach(
        (name, value) -> {
          if (wanted.contains(name)) {
            result.put(name, value.apply(attributes));
          }
        });
    return Collections.unmodifiableMap(result);
  }

  /** Reads attributes that only the JDK reads; the file key equals the key of the other views. */
  private static Map<String, Object> withOurKey(
      Path file, String attributes, List<String> names, LinkOption... options) throws IOException {
    var jdk = RingFileSystem.JDK_PROVIDER;
    boolean hasKey = names.contains(FILE_KEY) || names.contains("*");
    if (!viewOf(attributes).equals("unix") || !hasKey) {
      return jdk.readAttributes(file, attributes, options);
    }
    Map<String, Object> known =
        new HashMap<>(jdk.readAttributes(file, attributes + ",dev,ino", options));
    if (known.get("dev") instanceof Long device && known.get("ino") instanceof Long inode) {
      known.put(FILE_KEY, new RingAttributes.Key(device, inode));
    }
    if (!names.contains("*")) {
      known.keySet().retainAll(names);
    }
    return Collections.unmodifiableMap(known);
  }
}
