package io.ringspun.raw;

import io.ringspun.Batch;
import io.ringspun.Descriptor;
import io.ringspun.OperationException;
import io.ringspun.Step;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.FileTable;
import io.ringspun.internal.ring.RegisteredHandle;
import java.io.IOException;

/**
 * A slot in a ring's table of registered files, for a file or a socket that a chain opens and then
 * uses. Steps can refer to the slot before it is filled:
 *
 * {@snippet :
 * try (TableSlot slot = Raw.of(ring).tableSlot()) {
 *   ring.chain()
 *       .add(FileSteps.open(slot, path, CREATE, WRITE))
 *       .write(slot, page, 0)
 *       .fdatasync(slot)
 *       .add(slot.closeStep().evenIfPreviousFailed())
 *       .run();
 * }
 * }
 *
 * <p>An operation looks up the slot when it begins, so a step may use what an earlier step opens
 * ({@code IORING_FEAT_LINKED_FILE}, Linux 5.17). If the slot is empty then, the operation fails
 * with {@code EBADF}. Steps of a {@link Batch} do not wait for each other, so they may begin before
 * the slot is filled. The file or socket in the slot has no descriptor in the process, and only the
 * slot's ring can use it.
 *
 * <p>A step of {@link io.ringspun.file.FileSteps} that opens a file, or {@link RawOperation#into},
 * fills a slot. {@link #closeStep} empties it, and it can then be filled again. A successful open
 * into a full slot closes the previous content when the operations in flight on it have ended; a
 * failed open leaves it in place. The methods {@code take} of {@link io.ringspun.file.RingFile},
 * {@link io.ringspun.net.RingSocket}, {@link io.ringspun.net.RingListener} and {@link
 * io.ringspun.net.RingDatagramSocket} move the content out of the slot, for use without chains.
 *
 * <p>Closing a socket with {@code SO_LINGER} in a slot blocks the ring's thread. Take the socket
 * out of the slot and close it as a {@code RingSocket} instead.
 *
 * <p>Safe for use by multiple concurrent threads.
 *
 * @since 0.1
 */
public final class TableSlot extends Descriptor implements AutoCloseable {
  private final RegisteredHandle handle;

  private TableSlot(RegisteredHandle handle) {
    super(handle);
    this.handle = handle;
  }

  static TableSlot take(Engine engine) throws IOException {
    FileTable files = engine.files();
    engine.requireUsable();
    int slot = files.takeSlot();
    if (slot < 0) {
      throw new OperationException(
          "table_slot",
          Errno.ENFILE,
          "all %d slots that %s has for chains are in use".formatted(files.chosenSlots(), engine));
    }
    return new TableSlot(new RegisteredHandle(slot, false, engine));
  }

  /**
   * Returns a step that closes the content of this slot ({@code IORING_OP_CLOSE} of a slot, Linux
   * 5.15), for a chain or a batch of the slot's ring. Operations in flight on it continue. The slot
   * is then empty and can be filled again. The step fails with {@code EBADF} if the slot is empty.
   * In a chain it usually runs {@linkplain Step#evenIfPreviousFailed even if the step before it
   * failed}.
   *
   * @return a new step
   */
  public Step closeStep() {
    return RawOperation.emptying(this);
  }

  /**
   * Refuses new operations, cancels waiting ones, closes the content of the slot ({@code
   * IORING_OP_CLOSE}, Linux 5.15), and frees the slot. Blocks until the kernel has released it,
   * even if the thread is interrupted. Closing again has no effect, and neither has closing a slot
   * whose content was taken.
   *
   * @throws IOException if the kernel reports an error; the slot is free nevertheless
   */
  @Override
  public void close() throws IOException {
    handle.close((ring, slot) -> ring.closer().emptyIfFilled(slot));
  }

  @Override
  public String toString() {
    return "TableSlot[%s]".formatted(handle);
  }
}
