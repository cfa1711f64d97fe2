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

  /** Returns whether {@code Files.createTempFile} or {@code createTempDirectory} makes this. */
  static boolean makesTemporary(Path path) {
    return hasDigit(path) && isCalledBy(frame -> frame.getClassName().equals(TEMPORARY));
  }

  /** Returns whether {@code Files.readAllBytes} or {@code readString} opens a file. */
  static boolean readsAllBytes() {
    return isCalledBy(frame -> frame.getMethodName().equals("readAllBytes"));
  }

  /** A temporary name has a random number, so most names need no look at the stack. */
  private static boolean hasDigit(Path path) {
    Path name = path.getFileName();
    return name != null && name.toString().chars().anyMatch(c -> c >= '0' && c <= '9');
  }

  /** Looks at the callers up to the first that does not belong to the JDK. */
  private static boolean isCalledBy(Predicate<StackFrame> asked) {
    return STACK.walk(
        frames ->
            frames
                .dropWhile(frame -> frame.getClassName().startsWith(OURS))
                .takeWhile(JdkCaller::isJdks)
                .anyMatch(asked));
  }

  private static boolean isJdks(StackFrame frame) {
    return frame.getClassName().equals(FILES) || frame.getClassName().equals(TEMPORARY);
  }
}
