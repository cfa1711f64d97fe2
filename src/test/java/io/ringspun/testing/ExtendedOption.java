package io.ringspun.testing;

import java.nio.file.CopyOption;
import java.nio.file.OpenOption;

/** The JDK's own extra options, which may not be compiled against without a warning. */
public final class ExtendedOption {
  private ExtendedOption() {}

  /** Returns a constant of {@code com.sun.nio.file.ExtendedOpenOption}. */
  public static OpenOption of(String name) {
    try {
      Class<?> type = Class.forName("com.sun.nio.file.ExtendedOpenOption");
      return (OpenOption) type.getField(name).get(null);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  /** Returns {@code com.sun.nio.file.ExtendedCopyOption.INTERRUPTIBLE}. */
  public static CopyOption interruptible() {
    try {
      Class<?> type = Class.forName("com.sun.nio.file.ExtendedCopyOption");
      return (CopyOption) type.getField("INTERRUPTIBLE").get(null);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }
}
