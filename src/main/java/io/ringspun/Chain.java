package io.ringspun;

import io.ringspun.internal.ring.Arguments;
import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Engine;
import java.io.IOException;
import java.time.Duration;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * Operations that run one after the other in a single submission ({@code IOSQE_IO_LINK}, Linux
 * 5.3). When one fails, or transfers fewer bytes than it was asked to, all behind it are cancelled,
 * unless a {@linkplain #hardLink() hard link} is right behind it.
 *
 * <p>No other thread's operation gets into a chain. It goes in at once or not at all, with one
 * exception: what stands behind a sync, a shutdown, a wait for a futex, or what tells or changes
 * names, sizes or attributes goes in when that has succeeded, because the kernel does not break a
 * link behind one that failed, or was cancelled.
 *
 * @since 0.1
 */
public final class Chain extends Transaction<Chain> {
  private final BitSet hardLinks = new BitSet();
  private final Map<Integer, Duration> limits = new HashMap<>(); // by position
  private boolean drain;

  Chain(Engine engine) {
    super(engine);
  }

  /**
   * Makes the link behind the last operation added a hard one ({@code IOSQE_IO_HARDLINK}, Linux
   * 5.5): the next operation waits for it, but runs even if it fails.
   *
   * @return this
   * @throws IllegalStateException if there is no operation yet, or this has been run
   */
  public Chain hardLink() {
    requireNotRun();
    if (count() == 0) {
      throw new IllegalStateException("a hard link stands behind an operation: add one first");
    }
    hardLinks.set(count() - 1);
    return this;
  }

  /**
   * Limits the time of the last operation added, from the moment that the kernel begins with it
   * ({@code IORING_OP_LINK_TIMEOUT}, Linux 5.5): when it is up, the operation is cancelled, which
   * breaks the link behind it, unless that is a hard one. The limit takes an entry of the ring's
   * submission queue and one of its in-flight limit, as an operation does.
   *
   * <p>What the hardware already has in hand ends when it is done. Since Linux 6.15 the kernel does
   * not measure what a worker of its own does from beginning to end, such as a splice, a sync or a
   * change of names; {@link #timeout} ends that where the worker can be woken.
   *
   * @param limit positive; by the steady clock, which stands still while the machine sleeps
   * @return this
   * @throws IllegalArgumentException if not positive
   * @throws IllegalStateException if there is no operation yet, it has a limit, or this has been
   *     run
   */
  public Chain within(Duration limit) {
    requireNotRun();
    Arguments.timeoutNanos(limit);
    if (count() == 0) {
      throw new IllegalStateException("a limit is for the operation before it: add one first");
    }
    if (limits.putIfAbsent(count() - 1, limit) != null) {
      throw new IllegalStateException("operation %d has a limit already".formatted(count()));
    }
    return this;
  }

  /**
   * Makes the chain wait until every operation that the ring has in flight is over, and every later
   * operation wait for the chain. Ringspun orders this itself, because the kernel's {@code
   * IOSQE_IO_DRAIN} would also wait for the ring's own wake-up read, which never ends.
   *
   * <p>Some operations are exempt; they neither delay the chain nor wait for it:
   *
   * <ul>
   *   <li>operations that may wait for ever for somebody else: transfers of pipes, sockets and
   *       terminals, accepts, connects, polls, timers, futexes and whatever completes many times;
   *   <li>operations that end such a wait: closes, shutdowns and cancels.
   * </ul>
   *
   * <p>If the chain itself has a step that may wait for ever, later operations wait only for the
   * steps before that one. The kind of a {@linkplain DescriptorSlot slot's} content is not known:
   * reads and writes of it are not exempt.
   *
   * @return this
   * @throws IllegalStateException if this has been run
   */
  public Chain drain() {
    requireNotRun();
    drain = true;
    return this;
  }

  /**
   * Submits the chain and waits until all of it is over. A virtual thread parks meanwhile, a
   * platform thread waits. An interrupt or a timeout cancels what has not finished; the result
   * tells what did, and an interrupt is pending again afterwards.
   *
   * @return what became of each operation
   * @throws IllegalStateException if the chain is empty or has been run, or a segment's arena is
   *     closed
   * @throws IllegalArgumentException if it is longer, together with its limits, than the ring's
   *     submission queue or in-flight limit
   * @throws java.nio.channels.ClosedChannelException if a descriptor is closed already
   * @throws java.io.InterruptedIOException if the thread is interrupted already; nothing was
   *     submitted
   * @throws OperationException if it would sync a file whose data was lost in an earlier sync
   * @throws RingClosedException if the ring is closed already
   * @throws RingFailedException if the ring has failed, or fails meanwhile
   * @throws IOException as listed above
   */
  public ChainResult run() throws IOException {
    int longest = engine().longestChain();
    if (count() + limits.size() > longest) {
      throw new IllegalArgumentException(
          "a chain of %d operations%s cannot be submitted at once; this ring takes %d: open it with"
                  .formatted(
                      count(),
                      limits.isEmpty() ? "" : " and %d limits".formatted(limits.size()),
                      longest)
              + " more entries");
    }
    return new ChainResult(execute(limits));
  }

  @Override
  Chain self() {
    return this;
  }

  @Override
  Call newCall() {
    boolean[] hard = new boolean[count()];
    for (int i = 0; i < hard.length; i++) {
      hard[i] = hardLinks.get(i);
    }
    Call call = Call.chain(hard, drain);
    limits.forEach(call::limit);
    return call;
  }
}
