package io.ringspun.internal.inline;

import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The paces of one kind of call on names. Which file system a name leads to is not known before the
 * kernel has looked it up, so names are told apart by where they begin: what is slow under {@code
 * /mnt/a} does not slow down what is under {@code /home/b}.
 */
final class PaceTable {
  private static final int PARTS = 64;
  private static final int LEADING_NAMES = 3;

  private final Pace[] paces = Stream.generate(Pace::new).limit(PARTS).toArray(Pace[]::new);

  /** Returns the pace of calls on a name; see {@link InlineRule#pace}. */
  Pace of(int directory, Path name) {
    return paces[part(directory, name.toString())];
  }

  private static int part(int directory, String name) {
    int hash = name.startsWith("/") ? 0 : directory;
    int names = 0;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c == '/' && ++names > LEADING_NAMES) {
        break;
      }
      hash = 31 * hash + c;
    }
    return (hash ^ hash >>> 8 ^ hash >>> 16) & (PARTS - 1);
  }
}
