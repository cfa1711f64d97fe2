package io.ringspun.net;

import io.ringspun.Ring;
import io.ringspun.internal.kernel.LinuxKernel;
import io.ringspun.internal.ring.KernelWait;
import io.ringspun.testing.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;

/** Sockets of one make, and what tests do with them. */
record SocketKit(SocketFactory clients, ServerSocketFactory servers) {
  static final SocketKit JDK =
      new SocketKit(SocketFactory.getDefault(), ServerSocketFactory.getDefault());

  static SocketKit of(Ring ring) {
    return new SocketKit(new RingSocketFactory(ring), new RingServerSocketFactory(ring));
  }

  ServerSocket listen() throws IOException {
    return servers.createServerSocket(0, 50, InetAddress.getLoopbackAddress());
  }

  /** Two ends of a connection. */
  record Pair(Socket client, Socket server) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      client.close();
      server.close();
    }
  }

  Pair pair() throws IOException {
    try (ServerSocket listener = listen()) {
      Socket client =
          clients.createSocket(InetAddress.getLoopbackAddress(), listener.getLocalPort());
      return new Pair(client, listener.accept());
    }
  }

  /** Returns what a call comes to, as text: its result, or its exception and message. */
  static String outcome(Callable<?> call) {
    try {
      Object result = call.call();
      return result instanceof byte[] bytes ? Arrays.toString(bytes) : String.valueOf(result);
    } catch (NullPointerException | IllegalArgumentException e) {
      return e.getClass().getName(); // whose messages are for people
    } catch (Throwable e) {
      return e.getClass().getName() + ": " + e.getMessage();
    }
  }

  /** A call on a thread of its own. */
  record Blocked(Thread thread, FutureTask<String> end) {
    /** Starts the call, and returns once it blocks. */
    static Blocked in(ThreadStarter starter, Callable<?> call) {
      FutureTask<String> end =
          new FutureTask<>(
              () -> {
                String outcome = SocketKit.outcome(call);
                return outcome + (Thread.interrupted() ? ", interrupted" : "");
              });
      Blocked blocked = new Blocked(starter.start(end), end);
      Await.until("the call blocks", blocked::blocks);
      return blocked;
    }

    private boolean blocks() {
      if (end.isDone()) {
        throw new AssertionError("did not block: " + end.resultNow());
      }
      return switch (thread.getState()) {
        case WAITING, TIMED_WAITING -> true;
        case RUNNABLE -> {
          StackTraceElement[] stack = thread.isVirtual() ? null : thread.getStackTrace();
          yield stack != null && stack.length > 0 && (isInJdk(stack[0]) || isInKernel(stack));
        }
        default -> false;
      };
    }

    private static boolean isInJdk(StackTraceElement top) {
      return top.isNativeMethod() && top.getClassName().startsWith("sun.nio.ch");
    }

    private static boolean isInKernel(StackTraceElement[] stack) {
      return stack[0].getClassName().equals(LinuxKernel.class.getName())
          && Arrays.stream(stack)
              .anyMatch(frame -> frame.getClassName().equals(KernelWait.class.getName()));
    }

    String outcome() {
      Await.until("the call ends", end::isDone);
      return end.resultNow();
    }
  }

  /** How a thread is started. */
  interface ThreadStarter {
    Thread start(Runnable task);
  }
}
