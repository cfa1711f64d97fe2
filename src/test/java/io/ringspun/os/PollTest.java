package io.ringspun.os;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.file.RingFile;
import io.ringspun.file.RingOpenOption;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.Liburing;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

class PollTest {
  private static final Set<PollEvent> READABLE = Set.of(PollEvent.READABLE);
  private static final Duration SOON = Duration.ofMillis(10);

  @TempDir Path directory;

  private static void readAll(RingFd source) throws Exception {
    assertTrue(source.read(ByteBuffer.allocate(100)) > 0);
  }

  @Liburing({"poll", "poll-cancel"})
  @ParameterizedTest
  @EachCaller
  void await_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring)) {
      new FourEnds(
              () -> {
                var events = Poll.await(pipe.source(), PollEvent.READABLE, PollEvent.PRIORITY);
                readAll(pipe.source());
                return events;
              },
              () -> pipe.sink().write(Bytes.direct(1, 0, 5)),
              pipe.source()::close)
          .check(ring, caller, READABLE);
    }
  }

  @ParameterizedTest
  @EachCaller
  void next_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring);
        Poll poll = Poll.open(pipe.source(), PollEvent.READABLE)) {
      new FourEnds(
              () -> {
                var events = poll.next();
                readAll(pipe.source());
                return events;
              },
              () -> pipe.sink().write(Bytes.direct(1, 0, 5)),
              pipe.source()::close)
          .check(ring, caller, READABLE);
    }
  }

  /** The descriptor stays open. */
  @ParameterizedTest
  @EachCaller
  void next_pollClosedMeanwhile(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring)) {
      Poll poll = Poll.open(pipe.source(), PollEvent.READABLE);
      var waiting = BlockedCall.start(ring, caller, poll::next).awaitInFlight(ring, 1);
      poll.close();
      assertThrows(AsynchronousCloseException.class, waiting::result);
      assertThrows(ClosedChannelException.class, poll::next);
      assertEquals(0, ring.metrics().inFlight());
      poll.update(PollEvent.WRITABLE); // to no effect
      poll.close();
      pipe.sink().write(Bytes.direct(1, 0, 5));
      assertEquals(READABLE, Poll.await(pipe.source(), PollEvent.READABLE));
    }
  }

  @Test
  void next_oneOperationForAll() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        RingPipe pipe = RingPipe.open(ring);
        Poll poll = Poll.open(pipe.source(), PollEvent.READABLE)) {
      for (int i = 0; i < 10; i++) {
        pipe.sink().write(Bytes.direct(1, 0, 5));
        assertEquals(READABLE, poll.next());
        readAll(pipe.source());
      }
      assertEquals(1, kernel.submitted(Constants.IORING_OP_POLL_ADD));
      assertThrows(OperationTimeoutException.class, () -> poll.next(SOON));
    }
  }

  @Liburing("poll-mshot-update")
  @ParameterizedTest
  @EachCaller
  void update_ofOneThatWaits(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring);
        Poll poll = Poll.open(pipe.sink(), PollEvent.PRIORITY)) {
      var waiting = BlockedCall.start(ring, caller, poll::next).awaitInFlight(ring, 1);
      caller.run(ring, () -> poll.update(PollEvent.WRITABLE));
      assertEquals(Set.of(PollEvent.WRITABLE), waiting.result());
      poll.update(PollEvent.PRIORITY);
      assertThrows(OperationTimeoutException.class, () -> poll.next(SOON));
      poll.update(PollEvent.WRITABLE, PollEvent.PRIORITY);
      assertEquals(Set.of(PollEvent.WRITABLE), poll.next());
    }
  }

  /** An update that overtakes what it is about, or finds it at work. */
  @Test
  void update_kernelDoesNotFindIt() throws Exception {
    for (int errno : new int[] {2, 114}) { // ENOENT, EALREADY
      try (FaultKernel kernel = new FaultKernel();
          Ring ring = FaultyRing.open(kernel);
          RingPipe pipe = RingPipe.open(ring);
          Poll poll = Poll.open(pipe.sink(), PollEvent.PRIORITY)) {
        var waiting = BlockedCall.start(ring, poll::next).awaitInFlight(ring, 1);
        FaultRule rule = kernel.add(FaultRule.on(Constants.IORING_OP_POLL_REMOVE).fail(errno));
        poll.update(PollEvent.WRITABLE);
        assertEquals(Set.of(PollEvent.WRITABLE), waiting.result());
        assertEquals(1, rule.hits());
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void sockets_andFiles(Caller caller) throws Exception {
    var any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    Path path = Bytes.file(directory.resolve("file"), 1, 10);
    try (Ring ring = Ring.open();
        RingFile file = RingFile.open(ring, path);
        RingListener listener = RingListener.bind(ring, any);
        RingSocket left = RingSocket.connect(ring, listener.localAddress())) {
      caller.run(
          ring,
          () -> {
            assertEquals(READABLE, Poll.await(file, PollEvent.READABLE));
            assertEquals(READABLE, Poll.await(listener, PollEvent.READABLE));
            try (RingSocket right = listener.accept()) {
              assertEquals(
                  Set.of(PollEvent.WRITABLE),
                  Poll.await(left, PollEvent.READABLE, PollEvent.WRITABLE));
              assertThrows(
                  OperationTimeoutException.class,
                  () -> Poll.await(left, SOON, PollEvent.READABLE));
              right.shutdownOutput();
              assertEquals(
                  EnumSet.of(PollEvent.READABLE, PollEvent.PEER_CLOSED),
                  Poll.await(left, PollEvent.READABLE, PollEvent.PEER_CLOSED));
            }
          });
    }
  }

  /** What has no descriptor of the process is polled on its own ring, whoever asks. */
  @ParameterizedTest
  @EachCaller
  void registeredFile(Caller caller) throws Exception {
    Path fifo = directory.resolve("fifo");
    Fifo.make(fifo);
    try (Ring other = Ring.open();
        Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(1));
        RingFile file =
            RingFile.open(
                ring,
                fifo,
                RingOpenOption.REGISTERED,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      var waiting =
          BlockedCall.start(other, caller, () -> Poll.await(file, PollEvent.READABLE))
              .awaitInFlight(ring, 1);
      file.write(Bytes.direct(1, 0, 1), 0);
      assertEquals(READABLE, waiting.result());
    }
  }

  @Liburing("poll")
  @Test
  void errors_areAlwaysTold() throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring);
        Poll poll = Poll.open(pipe.sink(), PollEvent.PRIORITY)) {
      pipe.source().close();
      assertEquals(Set.of(PollEvent.ERROR), Poll.await(pipe.sink(), PollEvent.PRIORITY));
      assertEquals(Set.of(PollEvent.ERROR), poll.next());
      assertThrows(IllegalArgumentException.class, () -> Poll.await(pipe.sink()));
      assertThrows(IllegalArgumentException.class, () -> Poll.open(pipe.sink()));
      assertThrows(IllegalArgumentException.class, poll::update);
      assertThrows(IllegalArgumentException.class, () -> poll.next(Duration.ZERO));
    }
  }
}
