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
  private static final String FILES = Files.class.getName();
  private static final String TEMPORARY = "java.nio.file.TempFileHelper"; // not public

  private JdkCaller() {}

  /** Returns whether the caller is {@code Files.createTempFile} or {@code createTempDirectory}. */
  static boolean makesTemporary(Path path) {
    return hasDigit(path) && isCalledBy(frame -> frame.getClassName().equals(TEMPORARY));
  }

  /** Returns whether the caller is {@code Files.readAllBytes} or {@code readString}. */
  static boolean readsAllBytes() {
    return isCalledBy(frame -> frame.getMethodName().equals("readAllBytes"));
  }

  /** Temporary names contain a random number. Other names need no stack walk. */
  private static boolean hasDigit(Path path) {
    Path name = path.getFileName();
    return name != null && name.toString().chars().anyMatch(c -> c >= '0' && c <= '9');
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
