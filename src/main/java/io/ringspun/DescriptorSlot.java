package io.ringspun;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.FileTable;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.RegisteredHandle;
import java.io.IOException;

/**
 * A place in a ring's table for a file or a socket that a chain opens and goes on to use. It can be
 * named before there is anything in it:
 *
 * {@snippet :
 * try (DescriptorSlot slot = ring.descriptorSlot()) {
 *   ring.chain()
 *       .add(FileSteps.open(slot, path, CREATE, WRITE))
 *       .write(slot, page, 0)
 *       .fdatasync(slot)
 *       .add(Step.close(slot).evenIfPreviousFailed())
 *       .run();
 * }
 * }
 *
 * <p>What works on it finds what is there when its turn comes, which is why a step may name what an
 * earlier one opens ({@code IORING_FEAT_LINKED_FILE}, Linux 5.17); if there is nothing, the kernel
 * fails it with {@code EBADF}. What begins without waiting for the opening, as in a {@link Batch},
 * may come too early. What is in it has no descriptor in the process, and only its ring can use it.
 *
 * <p>It is filled by {@link RawOperation#into}, emptied by {@link Transaction#close}, and can be
 * filled again. To open something into a slot that is full closes what was there, when the
 * operations on it that are under way have ended; if it cannot be opened, that stays. {@code
 * RingFile}, {@code RingSocket}, {@code RingListener} and {@code RingDatagramSocket} have a method
 * {@code take}, for what is to be used without a chain from then on.
 *
 * <p>A socket with {@code SO_LINGER} holds the ring's own thread when it is closed here; take it,
 * and close it as what it is.
 *
 * <p>Safe for use by many threads.
 *
 * @since 0.1
 */
public final class DescriptorSlot extends Descriptor implements AutoCloseable {
  private DescriptorSlot(Handle handle) {
    super(handle);
  }

  static DescriptorSlot take(Engine engine) throws IOException {
    FileTable files = engine.files();
    engine.requireUsable();
    int slot = files.takeSlot();
    if (slot < 0) {
      throw new OperationException(
          "descriptor_slot",
          Errno.ENFILE,
          "all %d that %s has for chains are taken".formatted(files.chosenSlots(), engine));
    }
    return new DescriptorSlot(new RegisteredHandle(slot, false, engine));
  }

  /**
   * Refuses new operations, cancels those that wait, closes what is in the slot ({@code
   * IORING_OP_CLOSE}, Linux 5.15), and gives the slot back. Waits until the kernel has let go of
   * it; an interrupt does not keep it open. Closing again has no effect, nor has closing what was
   * taken out of the slot.
   *
   * @throws IOException if the kernel reports an error; the slot is given back
   */
  @Override
  public void close() throws IOException {
    handle().close((ring, slot) -> ring.closer().emptyIfFilled(slot));
  }

  @Override
  public String toString() {
    return "DescriptorSlot[%s]".formatted(handle());
  }
}
