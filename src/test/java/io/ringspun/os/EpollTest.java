package io.ringspun.os;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.file.RingFile;
import io.ringspun.file.RingOpenOption;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.LinuxKernel;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.Liburing;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class EpollTest {
  @TempDir Path directory;

  static Stream<Arguments> ways() {
    return Caller.inThisRun().stream()
        .flatMap(caller -> Stream.of(Arguments.of(caller, true), Arguments.of(caller, false)));
  }

  /** With the ring's own operation, and without it as before Linux 6.15. */
  @Liburing("epwait")
  @ParameterizedTest
  @MethodSource("ways")
  void await_fourEnds(Caller caller, boolean operation) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel)) {
      if (!operation) {
        kernel.failRegister(Constants.IORING_REGISTER_PROBE, Errno.EINVAL);
      }
      try (RingPipe pipe = RingPipe.open(ring);
          Epoll epoll = Epoll.open(ring)) {
        epoll.add(pipe.source(), Long.MIN_VALUE + 5, PollEvent.READABLE);
        new FourEnds(
                () -> {
                  List<Epoll.Event> events = epoll.await(8);
                  pipe.source().read(ByteBuffer.allocate(100));
                  return events;
                },
                () -> pipe.sink().write(Bytes.direct(1, 0, 5)),
                epoll::close)
            .check(
                ring,
                caller,
                List.of(new Epoll.Event(Long.MIN_VALUE + 5, Set.of(PollEvent.READABLE))));
        if (!operation) {
          assertEquals(0, kernel.submitted(Constants.IORING_OP_EPOLL_WAIT));
        }
      }
    }
  }

  /** Before Linux 6.15, when somebody else has taken what there was. */
  @Test
  void await_thereIsNothingAfterAll() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel)) {
      kernel.failRegister(Constants.IORING_REGISTER_PROBE, Errno.EINVAL);
      FaultRule early = FaultRule.on(Constants.IORING_OP_POLL_ADD).times(1);
      kernel.add(early.instead(Constants.POLLIN));
      try (RingPipe pipe = RingPipe.open(ring);
          Epoll epoll = Epoll.open(ring)) {
        epoll.add(pipe.source(), 7, PollEvent.READABLE);
        var waiting = BlockedCall.start(ring, Caller.VIRTUAL, () -> epoll.await(8));
        Await.until("it polls", () -> kernel.submitted(Constants.IORING_OP_POLL_ADD) > 0);
        Await.parked(waiting.thread());
        pipe.sink().write(Bytes.direct(1, 0, 5));
        assertEquals(List.of(new Epoll.Event(7, Set.of(PollEvent.READABLE))), waiting.result());
      }
    }
  }

  @Test
  void members_comeAndGo() throws Exception {
    int fd = (int) LinuxKernel.INSTANCE.call(SystemCall.EPOLL_CREATE1, Constants.O_CLOEXEC);
    try (Ring ring = Ring.open();
        EventFd first = EventFd.open(ring);
        EventFd second = EventFd.openSemaphore(ring, 1);
        Epoll epoll = Epoll.adopt(ring, fd)) {
      Epoll hasty = epoll.within(Duration.ofMillis(5));
      epoll.add(first, 1, PollEvent.READABLE, PollEvent.WRITABLE);
      epoll.add(second, 2, PollEvent.READABLE);
      Set<Epoll.Event> expected =
          Set.of(
              new Epoll.Event(1, Set.of(PollEvent.WRITABLE)),
              new Epoll.Event(2, Set.of(PollEvent.READABLE)));
      assertEquals(expected, new HashSet<>(epoll.await(8)));
      assertEquals(1, epoll.await(1).size());
      epoll.modify(first, 3, PollEvent.READABLE);
      epoll.remove(second);
      assertThrows(OperationTimeoutException.class, () -> hasty.await(8));
      first.signal();
      assertEquals(List.of(new Epoll.Event(3, Set.of(PollEvent.READABLE))), epoll.await(8));
      assertEquals(Errno.EEXIST, errno(() -> epoll.add(first, 1, PollEvent.READABLE)));
      assertEquals(Errno.ENOENT, errno(() -> epoll.remove(second)));
      assertEquals(Errno.ENOENT, errno(() -> epoll.modify(second, 1, PollEvent.READABLE)));
      assertThrows(IllegalArgumentException.class, () -> epoll.await(0));
      assertThrows(IllegalArgumentException.class, () -> epoll.add(second, 1));
    }
  }

  private static int errno(Caller.Action action) {
    return assertThrows(OperationException.class, action::run).errno();
  }

  @Test
  void add_whatCannotBePolled() throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 10);
    try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(1));
        RingFile file = RingFile.open(ring, path);
        RingFile registered = RingFile.open(ring, path, RingOpenOption.REGISTERED);
        Epoll epoll = Epoll.open(ring)) {
      assertEquals(Errno.EPERM, errno(() -> epoll.add(file, 1, PollEvent.READABLE)));
      assertThrows(
          IllegalArgumentException.class, () -> epoll.add(registered, 1, PollEvent.READABLE));
    }
  }
}
