package io.ringspun.internal.log;

import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gives messages to SLF4J. The only class that refers to it, so that it can be absent. */
final class Slf4jSink implements Log.Sink {
  private final Logger logger;

  /**
   * Finds the logger.
   *
   * @throws LinkageError if SLF4J is not there
   */
  Slf4jSink(String name) {
    logger = LoggerFactory.getLogger(name);
  }

  @Override
  public void log(Level level, String format, @Nullable Object... arguments) {
    switch (level) {
      case ERROR -> logger.error(format, arguments);
      case WARNING -> logger.warn(format, arguments);
      case INFO -> logger.info(format, arguments);
      default -> logger.debug(format, arguments);
    }
  }
}
