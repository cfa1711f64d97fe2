package io.ringspun.internal.ring;

import io.ringspun.internal.log.Log;
import java.io.IOException;
import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Closes the number of a handle that became unreachable without having been closed, as the JDK does
 * with its files and sockets. An operation in flight refers to its handles, and so does a thread
 * that uses a number between {@link CountedDescriptor#acquire} and {@link
 * CountedDescriptor#release}.
 *
 * <p>The cleaner's thread inherits nothing from the thread that starts it, and ends with this
 * class.
 */
final class HandleCleaner implements Runnable {
  private static final Log LOG = Log.of("io.ringspun.leaks");
  private static final boolean IS_TRACING = Boolean.getBoolean("io.ringspun.traceLeaks");
  private static final Cleaner CLEANER = Cleaner.create();
  private static final LongAdder FOUND = new LongAdder();

  // It must not refer to the handle.
  private final int number;
  private final boolean isRegistered;
  private final Engine home;
  private final @Nullable Throwable origin =
      IS_TRACING ? new Throwable("it was opened here") : null;

  private Cleaner.@Nullable Cleanable cleanable; // set before the handle is shared
  private volatile boolean disarmed; // set once by any thread, read by the cleaner's
  private volatile boolean mayLinger; // set once by any thread, read by the cleaner's

  private HandleCleaner(int number, boolean isRegistered, Engine home) {
    this.number = number;
    this.isRegistered = isRegistered;
    this.home = home;
  }

  /** Begins to watch a handle. */
  static HandleCleaner watch(Object handle, int number, boolean isRegistered, Engine home) {
    HandleCleaner cleaner = new HandleCleaner(number, isRegistered, home);
    cleaner.cleanable = CLEANER.register(handle, cleaner);
    return cleaner;
  }

  /** Leaves the number alone from now on. */
  void disarm() {
    disarmed = true;
    Cleaner.Cleanable registered = cleanable;
    assert registered != null : "the handle is watched";
    registered.clean();
  }

  /** Records that closing the socket may block for its peer, in the thread that closes it last. */
  void noteLinger() {
    mayLinger = true;
  }

  boolean mayLinger() {
    return mayLinger;
  }

  /** Returns how many unclosed handles were found. */
  static long found() {
    return FOUND.sum();
  }

  @Override
  public void run() {
    if (disarmed) {
      return;
    }
    if (origin != null) {
      LOG.warn("{} was not closed, and nothing refers to it any more", this, origin);
    }
    try {
      close();
    } catch (IOException e) {
      LOG.debug("closing {} failed", this, e);
    } finally {
      FOUND.increment(); // last: whoever sees the count finds the message, and the file closed
    }
  }

  private void close() throws IOException {
    if (!isRegistered) {
      home.forgetPolled(number);
      home.closer().closeDirectly(number);
      return;
    }
    int fd = mayLinger ? home.installDescriptor(number) : -1; // the ring must not linger
    try {
      home.closer().empty(number);
    } finally {
      if (fd >= 0) {
        home.closer().closeDirectly(fd);
      }
    }
  }

  @Override
  public String toString() {
    return isRegistered ? "slot %d of %s".formatted(number, home) : "fd " + number;
  }
}
