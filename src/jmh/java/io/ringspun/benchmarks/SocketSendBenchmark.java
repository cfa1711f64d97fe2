package io.ringspun.benchmarks;

import io.ringspun.BufferPool;
import io.ringspun.Lease;
import io.ringspun.Ring;
import io.ringspun.file.RingFile;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * From how many bytes on is it worth not to copy what goes to a socket: memory, memory that is
 * registered, or a cached file?
 *
 * <p>The peer is on the same machine, whose loopback interface copies what a zero-copy send passes
 * on; a network card would not. A ring carries the thread that sends; the peer only reads.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
public class SocketSendBenchmark {
  private static final int PER_CALL = 16;

  /** What is sent, and how. */
  public enum Way {
    MEMORY,
    MEMORY_ZERO_COPY,
    LEASE_ZERO_COPY,
    FILE,
    FILE_SPLICED
  }

  @Param({"MEMORY", "MEMORY_ZERO_COPY", "LEASE_ZERO_COPY", "FILE", "FILE_SPLICED"})
  Way way;

  @Param({"16384", "131072", "1048576"})
  int bytes;

  private Ring ring;
  private RingSocket socket;
  private Thread reader;
  private Path path;
  private RingFile file;
  private BufferPool pool;

  @Setup
  public void open() throws Exception {
    ring = Ring.open();
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    try (RingListener listener = RingListener.bind(ring, any)) {
      SocketChannel peer = SocketChannel.open(listener.localAddress());
      RingSocket plain = listener.accept();
      plain.setOption(StandardSocketOptions.TCP_NODELAY, true);
      boolean copies = way == Way.MEMORY || way == Way.FILE;
      socket = copies ? plain : plain.withZeroCopyAbove(0).withSpliceAbove(0);
      reader = Thread.ofPlatform().daemon().start(() -> drain(peer));
    }
    path = Files.createTempFile("ringspun", ".bin");
    Files.write(path, new byte[bytes]);
    file = RingFile.open(ring, path);
    pool = ring.bufferPool(1, bytes);
  }

  private static void drain(SocketChannel peer) {
    ByteBuffer target = ByteBuffer.allocateDirect(1 << 20);
    try (peer) {
      while (peer.read(target.clear()) >= 0) {
        // What is read is of no interest.
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @TearDown
  public void close() throws Exception {
    socket.close();
    reader.join();
    file.close();
    Files.delete(path);
    pool.close();
    ring.close();
  }

  @Benchmark
  @OperationsPerInvocation(PER_CALL)
  public void send() throws Exception {
    CompletableFuture<Void> done = new CompletableFuture<>();
    ring.startVirtualThread(() -> run(done));
    done.get();
  }

  private void run(CompletableFuture<Void> done) {
    try (Lease lease = pool.take()) {
      MemorySegment segment = lease.segment();
      for (int i = 0; i < PER_CALL; i++) {
        switch (way) {
          case MEMORY, MEMORY_ZERO_COPY -> socket.writeFully(segment);
          case LEASE_ZERO_COPY -> socket.writeFully(lease, bytes);
          case FILE, FILE_SPLICED -> socket.sendFile(file, 0, bytes);
        }
      }
      done.complete(null);
    } catch (Exception e) {
      done.completeExceptionally(e);
    }
  }
}
