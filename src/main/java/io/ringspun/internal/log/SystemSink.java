package io.ringspun.internal.log;

import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;

/** Gives messages to the JDK's own logging. */
record SystemSink(System.Logger logger) implements Log.Sink {
  private static final String PLACE = "{}";

  @Override
  public void log(Level level, String format, @Nullable Object... arguments) {
    if (!logger.isLoggable(level)) {
      return;
    }
    Throwable cause =
        arguments.length > 0 && arguments[arguments.length - 1] instanceof Throwable thrown
            ? thrown
            : null;
    String message = fill(format, arguments);
    if (cause == null) {
      logger.log(level, message);
    } else {
      logger.log(level, message, cause);
    }
  }

  /** Puts the arguments, one after the other, where the format has room for one. */
  static String fill(String format, @Nullable Object... arguments) {
    StringBuilder text = new StringBuilder();
    int from = 0;
    for (Object argument : arguments) {
      int place = format.indexOf(PLACE, from);
      if (place < 0) {
        break;
      }
      text.append(format, from, place).append(argument);
      from = place + PLACE.length();
    }
    return text.append(format, from, format.length()).toString();
  }
}
