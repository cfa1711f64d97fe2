package io.ringspun;

import static java.lang.foreign.MemorySegment.NULL;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringspun.file.FileSteps;
import io.ringspun.file.RingFileSystems;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import io.ringspun.os.RingPipe;
import io.ringspun.raw.Raw;
import io.ringspun.raw.RawOperation;
import io.ringspun.raw.TableSlot;
import java.net.StandardProtocolFamily;
import java.nio.file.FileSystem;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Null is refused at once, not when a step runs or by another exception. */
class NullArgumentTest {
  private static void refused(Executable... calls) {
    for (Executable call : calls) {
      assertThrows(NullPointerException.class, call);
    }
  }

  @Test
  void steps() throws Exception {
    try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(1));
        TableSlot slot = Raw.of(ring).tableSlot();
        RingSocket socket = RingSocket.open(ring, StandardProtocolFamily.INET)) {
      refused(
          () -> FileSteps.truncate(null, 1),
          () -> RingListener.listenStep(null, 1),
          () -> RingListener.acceptStep(slot, null),
          () -> RingListener.acceptStep(null, socket),
          () -> RingPipe.spliceStep(socket, null, 1),
          () -> RingPipe.spliceStep(null, socket, 1));
    }
  }

  @Test
  void rawOperations() {
    refused(
        () -> RawOperation.of(Constants.IORING_OP_READ).on((Descriptor) null),
        () -> RawOperation.of(Constants.IORING_OP_SPLICE).splicingFrom(null),
        () -> RawOperation.of(Constants.IORING_OP_OPENAT).into(null),
        () -> RawOperation.of(Constants.IORING_OP_RENAMEAT).movingTo(null),
        () -> RawOperation.of(Constants.IORING_OP_EPOLL_CTL).member(null),
        () -> RawOperation.of(Constants.IORING_OP_READ).address(NULL, null),
        () -> RawOperation.of(Constants.IORING_OP_READ).address(null, RawOperation.Access.READS),
        () -> RawOperation.of(Constants.IORING_OP_READV).reaching(null, RawOperation.Access.READS));
  }

  @Test
  void others() throws Exception {
    try (Ring ring = Ring.open()) {
      refused(
          () -> RingFileSystems.wrap((FileSystem) null),
          () -> RingFileSystems.wrap(ring, (FileSystem) null),
          () -> RingSocket.connect(ring, null, 80),
          () -> RingSocket.connect(ring, null, 80, Duration.ofSeconds(1)));
    }
  }
}
