package io.ringspun.internal.log;

import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;

/**
 * A logger of SLF4J, or of {@link System.Logger} if SLF4J cannot be loaded: a program that has the
 * library only as a Java agent need not have SLF4J. Its first message looks for SLF4J, so that
 * loading the library does not configure the program's logging before the program does. Messages
 * have SLF4J's form: {@code {}} is replaced by the next argument, and a last argument that is a
 * {@link Throwable} is the cause. Safe for use by multiple concurrent threads.
 */
public final class Log {
  /** What a message is given to. */
  interface Sink {
    /** Logs a message if its level is enabled. */
    void log(Level level, String format, @Nullable Object... arguments);
  }

  private final String name;
  private volatile @Nullable Sink sink; // set by the first message, perhaps twice

  private Log(String name) {
    this.name = name;
  }

  /** Returns the logger with the name of a class. */
  public static Log of(Class<?> owner) {
    return new Log(owner.getName());
  }

  /** Returns the logger with a name. */
  public static Log of(String name) {
    return new Log(name);
  }

  /** Logs an error. */
  public void error(String format, @Nullable Object... arguments) {
    sink().log(Level.ERROR, format, arguments);
  }

  /** Logs a warning. */
  public void warn(String format, @Nullable Object... arguments) {
    sink().log(Level.WARNING, format, arguments);
  }

  /** Logs an information. */
  public void info(String format, @Nullable Object... arguments) {
    sink().log(Level.INFO, format, arguments);
  }

  /** Logs a detail. */
  public void debug(String format, @Nullable Object... arguments) {
    sink().log(Level.DEBUG, format, arguments);
  }

  /**
   * Finds SLF4J now, for a message that is about a process without file descriptors: such a process
   * cannot load classes.
   */
  public Log prepared() {
    sink();
    return this;
  }

  private Sink sink() {
    Sink known = sink;
    if (known == null) {
      known = open(name);
      sink = known;
    }
    return known;
  }

  private static Sink open(String name) {
    try {
      return new Slf4jSink(name);
    } catch (LinkageError _) {
      return new SystemSink(System.getLogger(name));
    }
  }
}
