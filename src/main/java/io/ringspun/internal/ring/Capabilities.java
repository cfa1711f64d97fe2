package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.KernelFeatures;
import io.ringspun.internal.kernel.Opcode;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The capabilities of a ring's kernel. Thread-safe. */
public final class Capabilities {
  private final Engine engine;
  private volatile @Nullable Set<Opcode> opcodes; // set once by the first caller that asks
  private volatile boolean lacksSocketCommands; // set by any thread that finds out

  Capabilities(Engine engine) {
    this.engine = engine;
  }

  /**
   * Returns whether the kernel has an operation. The first call waits for the ring's thread.
   *
   * @throws IOException if the ring is closed or has failed
   */
  public boolean has(Opcode opcode) throws IOException {
    Set<Opcode> known = opcodes;
    if (known == null) {
      Set<Opcode> found = EnumSet.noneOf(Opcode.class); // the ring's thread fills it
      if (engine.ask(new RingTask(ring -> probe(ring, found))) == -Errno.ECANCELED) {
        engine.requireUsable();
      }
      known = found;
      opcodes = found;
    }
    return known.contains(opcode);
  }

  private static int probe(RingThread ring, Set<Opcode> found) {
    try {
      found.addAll(KernelFeatures.opcodes(ring.kernel(), ring.memory()));
      return 0;
    } catch (ErrnoException e) {
      return -e.errno();
    }
  }

  /**
   * Checks that the kernel has an operation for which there is no substitute.
   *
   * @throws UnsupportedOperationException if not
   * @throws IOException if the ring is closed or has failed
   */
  public void require(Opcode opcode) throws IOException {
    if (!has(opcode)) {
      throw new UnsupportedOperationException(
          "this kernel has no IORING_OP_%s: Linux %s or newer is needed"
              .formatted(opcode, opcode.since()));
    }
  }

  /** Returns whether sockets may take commands by the ring: until it is known that not. */
  boolean takesSocketCommands() {
    return !lacksSocketCommands;
  }

  /** Records that the kernel has no such commands. */
  void noteNoSocketCommands() {
    lacksSocketCommands = true;
  }

  /** Returns whether vectored operations can name registered memory. */
  boolean takesVectors() {
    return engine.thread().buffers().takesVectors();
  }

  /** Returns whether one receive can fill several provided buffers. */
  public boolean takesBundles() {
    return engine.thread().memory().hasFeature(Constants.IORING_FEAT_RECVSEND_BUNDLE);
  }
}
