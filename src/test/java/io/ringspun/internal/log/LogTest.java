package io.ringspun.internal.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.ringspun.testing.Once;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.ResourceBundle;
import org.junit.jupiter.api.Test;

@Once
class LogTest {
  /** Remembers what it is given. */
  private static final class Recorder implements System.Logger {
    private final Level least;
    private final List<String> messages = new ArrayList<>();
    private Throwable cause;

    Recorder(Level least) {
      this.least = least;
    }

    @Override
    public String getName() {
      return "recorder";
    }

    @Override
    public boolean isLoggable(Level level) {
      return level.getSeverity() >= least.getSeverity();
    }

    @Override
    public void log(Level level, ResourceBundle bundle, String message, Throwable thrown) {
      messages.add(level + " " + message);
      cause = thrown;
    }

    @Override
    public void log(Level level, ResourceBundle bundle, String format, Object... parameters) {
      messages.add(level + " " + format);
    }
  }

  @Test
  void systemSink_fillsInTheArguments() {
    Recorder recorder = new Recorder(Level.INFO);
    new SystemSink(recorder).log(Level.WARNING, "{} of {} {0} left", 1, null, 3);
    assertEquals(List.of("WARNING 1 of null {0} left"), recorder.messages);
  }

  @Test
  void systemSink_lastThrowableIsTheCause() {
    Recorder recorder = new Recorder(Level.INFO);
    Exception cause = new Exception();
    new SystemSink(recorder).log(Level.ERROR, "{} failed", "it", cause);
    assertEquals(List.of("ERROR it failed"), recorder.messages);
    assertSame(cause, recorder.cause);
  }

  @Test
  void systemSink_levelIsOff() {
    Recorder recorder = new Recorder(Level.INFO);
    new SystemSink(recorder).log(Level.DEBUG, "a detail");
    assertEquals(List.of(), recorder.messages);
  }
}
