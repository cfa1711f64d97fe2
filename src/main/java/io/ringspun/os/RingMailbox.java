package io.ringspun.os;

import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.SubmissionEntry;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.MessageInbox;
import io.ringspun.internal.ring.RawHandle;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;

/**
 * A mailbox of a ring, to which threads of other rings send numbers through the kernel, without a
 * shared lock ({@code IORING_OP_MSG_RING}, Linux 5.18). Threads that no ring carries can send, too.
 *
 * <p>Safe for use by multiple concurrent threads. Messages that one thread sends through one ring,
 * or without a ring, arrive in order. Each message goes to one receiver. Messages wait in memory
 * without a limit until they are received.
 *
 * @since 0.1
 */
public final class RingMailbox implements AutoCloseable {
  private final Engine ring;
  private final RawHandle
      address; // a duplicate of the ring's descriptor, so that its number is not reused
  private final MessageInbox inbox;

  private RingMailbox(Engine ring, RawHandle address, MessageInbox inbox) {
    this.ring = ring;
    this.address = address;
    this.inbox = inbox;
  }

  /**
   * Opens a mailbox. Blocks until the ring's thread has set it up.
   *
   * @param ring the ring that receives
   * @return the mailbox, for the caller to close, before or after the ring
   * @throws io.ringspun.RingClosedException if the ring is closed
   * @throws io.ringspun.RingFailedException if it has failed
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws OperationException if the kernel refuses
   * @throws IOException if another I/O error occurs
   */
  public static RingMailbox open(Ring ring) throws IOException {
    Engine engine = EngineAccess.of(ring);
    engine.requireUsable();
    MessageInbox inbox = MessageInbox.begin(engine);
    int fd = engine.duplicate();
    if (fd < 0) {
      inbox.close();
      engine.requireUsable();
    }
    SystemDescriptor.check("fcntl", fd);
    return new RingMailbox(engine, new RawHandle(fd, false, engine), inbox);
  }

  /**
   * Sends a message. Blocks until the kernel has delivered it to the mailbox's ring.
   *
   * @param from the ring that sends, which may be the mailbox's own
   * @param message any number
   * @throws java.nio.channels.ClosedChannelException if the mailbox is closed
   * @throws java.nio.channels.AsynchronousCloseException if it is closed during the call
   * @throws io.ringspun.RingClosedException if either ring is closed
   * @throws io.ringspun.RingFailedException if either has failed
   * @throws java.io.InterruptedIOException if the thread is interrupted, unless the message has
   *     already been sent
   * @throws OperationException if the kernel refuses
   * @throws IOException if another I/O error occurs
   */
  public void send(Ring from, long message) throws IOException {
    send(EngineAccess.of(from), message);
  }

  private void send(Engine from, long message) throws IOException {
    ring.requireUsable();
    int result =
        from.single()
            .on(address)
            .openEnded()
            .run(
                (operation, fd) ->
                    operation.message(fd, MessageInbox.result(message), inbox.userData(message)));
    SystemDescriptor.check("msg_ring", result);
  }

  /**
   * Sends a message without a ring ({@code IORING_REGISTER_SEND_MSG_RING}, Linux 6.13), which is
   * faster for a thread that no ring carries. Does not block. On an older kernel the mailbox's ring
   * sends the message to itself, and this method blocks until it has done so.
   *
   * @param message any number
   * @throws java.nio.channels.ClosedChannelException if the mailbox is closed
   * @throws io.ringspun.RingClosedException if its ring is closed
   * @throws io.ringspun.RingFailedException if it has failed
   * @throws java.io.InterruptedIOException if the thread is interrupted; nothing was sent
   * @throws OperationException if the kernel refuses
   * @throws IOException if another I/O error occurs
   */
  public void send(long message) throws IOException {
    ring.requireUsable();
    address.acquire();
    int result;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(SubmissionEntry.SIZE_BYTES, Long.BYTES);
      SubmissionEntry entry = new SubmissionEntry();
      entry.message(address.fd(), MessageInbox.result(message), inbox.userData(message));
      entry.writeTo(memory, 0, 0, 0);
      result = ring.kernel().send(memory);
    } finally {
      address.release();
    }
    if (result == -Errno.EBADF || result == -Errno.EINVAL) {
      send(ring, message); // before Linux 6.13 only a ring can send
    } else {
      SystemDescriptor.check("msg_ring", result);
    }
  }

  /**
   * Receives the oldest message. Blocks until there is one. A virtual thread parks meanwhile.
   *
   * @return the message
   * @throws java.nio.channels.ClosedChannelException if the mailbox is closed
   * @throws java.nio.channels.AsynchronousCloseException if it is closed while the thread waits
   * @throws java.io.InterruptedIOException if the thread is interrupted; no message is lost
   * @throws io.ringspun.RingClosedException if the ring is closed and no message waits
   * @throws io.ringspun.RingFailedException if it has failed
   * @throws IOException if another I/O error occurs
   */
  public long receive() throws IOException {
    return inbox.take(0);
  }

  /**
   * Receives the oldest message, within a time limit.
   *
   * @param limit positive
   * @return the message
   * @throws IllegalArgumentException if the limit is not positive
   * @throws io.ringspun.OperationTimeoutException if no message arrives in time
   * @throws IOException if the operation fails, as described in {@link #receive()}
   */
  public long receive(Duration limit) throws IOException {
    return inbox.take(Arguments.timeoutNanos(limit));
  }

  /**
   * Closes the mailbox: refuses new messages, discards those not received, and ends waiting calls.
   * Blocks until the ring's thread has done so; an interrupt does not end the wait. Closing again
   * has no effect.
   *
   * @throws IOException if the kernel reports an error; the mailbox is closed
   */
  @Override
  public void close() throws IOException {
    inbox.close();
    address.close((ring, fd) -> ring.closer().closeDirectly(fd));
  }
}
