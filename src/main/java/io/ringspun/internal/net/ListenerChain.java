package io.ringspun.internal.net;

import static io.ringspun.internal.kernel.Constants.SOCKET_URING_OP_SETSOCKOPT;
import static io.ringspun.internal.kernel.Constants.SOCK_STREAM;
import static io.ringspun.internal.kernel.Constants.SOL_SOCKET;
import static io.ringspun.internal.kernel.Constants.SO_REUSEADDR;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.SocketAddressMemory;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.FileTable;
import io.ringspun.internal.ring.RegisteredHandle;
import java.io.IOException;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * The start of a registered listener in one submission: {@code IORING_OP_SOCKET}, 5.19, {@code
 * URING_CMD} for {@code SO_REUSEADDR}, 6.7, {@code BIND} and {@code LISTEN}, 6.11, each linked to
 * the one before. They must know the slot before the socket is there, so it is one of those that
 * are not for the kernel to choose.
 */
public final class ListenerChain {
  private static final String[] STEPS = {"socket", "setsockopt", "bind", "listen"};
  private static final int SOCKET = 0;
  private static final int OPTION = 1;
  private static final int BIND = 2;
  private static final int LISTEN = 3;

  private static final int VALUE = SocketAddressMemory.MAX_BYTES;

  private ListenerChain() {}

  /**
   * Starts a listener.
   *
   * @return the socket; null if all such slots are taken, the ring's queue is shorter than the
   *     chain, or the kernel may do it by other calls
   */
  public static @Nullable RegisteredHandle start(
      Engine home, Family family, SocketAddress local, int backlog) throws IOException {
    FileTable files = home.files();
    int slot = home.longestChain() < STEPS.length ? -1 : files.takeSlot();
    if (slot < 0) {
      return null;
    }
    RegisteredHandle handle = new RegisteredHandle(slot, false, home);
    handle.noteStream();
    Call call = Call.chain(new boolean[STEPS.length], false);
    boolean ran = false;
    boolean started = false;
    try {
      run(call, handle, family, local, backlog);
      ran = true;
      started = hasSucceeded(call, home, family);
    } finally {
      if (!started) {
        if (ran && call.operation(SOCKET).result() >= 0) {
          handle.close();
        } else {
          handle.leaveOpen(); // there is nothing in it
          files.giveBack(slot);
        }
      }
    }
    return started ? handle : null;
  }

  private static void run(
      Call call, RegisteredHandle handle, Family family, SocketAddress local, int backlog)
      throws IOException {
    Engine home = handle.home();
    try (NativePool.Block block = NativePool.take(SocketAddressMemory.MAX_BYTES + Integer.BYTES)) {
      int length = Addresses.put(block.memory(), local, family);
      block.memory().set(JAVA_INT, VALUE, 1);
      int slot = handle.fd();
      call.operation(SOCKET).socketInSlot(family.number(), SOCK_STREAM, 0, slot);
      if (family != Family.UNIX) { // which has no such option, and gets a nop
        long value = block.address() + VALUE;
        call.operation(OPTION)
            .on(handle)
            .lending(block)
            .socketCommand(
                slot, SOCKET_URING_OP_SETSOCKOPT, SOL_SOCKET, SO_REUSEADDR, value, Integer.BYTES);
      }
      call.operation(BIND).on(handle).lending(block).bind(slot, block.address(), length);
      call.operation(LISTEN).on(handle).lending(block).listen(slot, backlog);
      home.runAll(call);
    }
  }

  /** Throws why the chain broke, unless the kernel may not know a step, or not in this way. */
  private static boolean hasSucceeded(Call call, Engine home, Family family) throws IOException {
    int cancelled = -1;
    for (int step = LISTEN; step >= SOCKET; step--) {
      int result = call.operation(step).result();
      if (result == -Errno.EINVAL || result == -Errno.EOPNOTSUPP) {
        return false;
      } else if (result == -Errno.ECANCELED) {
        cancelled = step;
      } else if (step == SOCKET) {
        Sockets.checkOpen(family, result);
      } else {
        NetErrors.check(STEPS[step], result);
      }
    }
    if (cancelled >= 0) {
      home.result(call, cancelled); // throws: no step was refused, so the call was cancelled
    }
    return cancelled < 0;
  }
}
