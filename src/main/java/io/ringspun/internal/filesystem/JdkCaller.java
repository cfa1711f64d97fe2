package io.ringspun.internal.filesystem;

import java.lang.StackWalker.StackFrame;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Predicate;

/**
 * Determines which of the JDK's methods has called the provider. {@link Files} handles two cases
 * specially for the default file system only: a temporary file is private, and {@code readAllBytes}
 * ignores interrupts. Other providers can recognize these calls only by the stack.
 */
final class JdkCaller {
  private static final StackWalker STACK = StackWalker.getInstance();
  private static final String OURS = JdkCaller.class.getPackageName();
  private static final String LIBRARY = "io.ringspun.";
  private static final int MOST_FRAMES = 16;
  private static final int LEAST_DIGITS = 6; // of a random long: fewer once in 10^13 names
  private static final String FILES = Files.class.getName();
  private static final String TEMPORARY = "java.nio.file.TempFileHelper"; // not public

  private JdkCaller() {}

  /** Returns whether the caller is {@code Files.createTempFile} or {@code createTempDirectory}. */
  static boolean makesTemporary(Path path) {
    return hasNumber(path) && isCalledBy(frame -> frame.getClassName().equals(TEMPORARY));
  }

  /** Returns whether {@code Files.readAllBytes} or {@code readString} reads from a channel. */
  static boolean readsAllBytes() {
    return STACK.walk(
        frames ->
            frames
                .dropWhile(frame -> frame.getClassName().startsWith(LIBRARY))
                .takeWhile(frame -> !frame.getClassName().startsWith(LIBRARY))
                .limit(MOST_FRAMES)
                .anyMatch(
                    frame ->
                        frame.getClassName().equals(FILES)
                            && frame.getMethodName().equals("readAllBytes")));
  }

  /** A temporary name has a long random number, so most names need no look at the stack. */
  private static boolean hasNumber(Path path) {
    Path name = path.getFileName();
    return name != null
        && name.toString().chars().filter(c -> c >= '0' && c <= '9').count() >= LEAST_DIGITS;
  }

  /** Walks the stack up to the first caller outside the JDK. */
  private static boolean isCalledBy(Predicate<StackFrame> asked) {
    return STACK.walk(
        frames ->
            frames
                .dropWhile(frame -> frame.getClassName().startsWith(OURS))
                .takeWhile(JdkCaller::belongsToJdk)
                .anyMatch(asked));
  }

  private static boolean belongsToJdk(StackFrame frame) {
    return frame.getClassName().equals(FILES) || frame.getClassName().equals(TEMPORARY);
  }
}
