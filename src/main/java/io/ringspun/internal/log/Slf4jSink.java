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
    // A switch would need a class of its own, and a process without descriptors cannot load one.
    if (level == Level.ERROR) {
      logger.error(format, arguments);
    } else if (level == Level.WARNING) {
      logger.warn(format, arguments);
    } else if (level == Level.INFO) {
      logger.info(format, arguments);
    } else {
      logger.debug(format, arguments);
    }
  }
}
