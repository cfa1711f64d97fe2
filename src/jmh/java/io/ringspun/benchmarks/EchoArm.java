package io.ringspun.benchmarks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The echo servers that are compared; all on one processor, all with TCP_NODELAY. */
enum EchoArm {
  /** C on liburing, one thread: what the kernel's network costs when nothing is in the way. */
  C("c") {
    @Override
    List<String> command(int port) {
      return List.of(LoadRun.program("echo").toString(), "" + port);
    }
  },
  /** The example on one ring, which carries the virtual threads. */
  RING_CARRIED("ringCarried", "servers.TcpEcho"),
  /** The same with registered sockets, which have no descriptors. */
  RING_DIRECT("ringDirect", DirectEcho.class.getName()),
  /** The same, receiving into buffers that all connections share. */
  RING_STREAM("ringStream", StreamEcho.class.getName()),
  /** The JDK's sockets, a virtual thread for each. */
  JDK_SOCKET("jdkSocket", JdkSocketEcho.class.getName()),
  /** The JDK's channels, a virtual thread for each. */
  JDK_CHANNEL("jdkChannel", JdkChannelEcho.class.getName()),
  /** Netty on io_uring, one event loop. */
  NETTY_IO_URING("nettyIoUring", NettyEcho.class.getName(), "io_uring"),
  /** Netty on epoll, one event loop. */
  NETTY_EPOLL("nettyEpoll", NettyEcho.class.getName(), "epoll");

  private final String label;
  private final List<String> words;

  EchoArm(String label, String... words) {
    this.label = label;
    this.words = List.of(words);
  }

  /** Returns the words that start the server. */
  List<String> command(int port) {
    List<String> command = new ArrayList<>(javaCommand());
    command.add(words.getFirst());
    command.add("" + port);
    command.addAll(words.subList(1, words.size()));
    return command;
  }

  /** Returns how to start a JVM for a server, the same for all. */
  static List<String> javaCommand() {
    return List.of(
        ProcessHandle.current().info().command().orElse("java"),
        "-Xmx512m",
        "-XX:ActiveProcessorCount=1",
        "-Djdk.virtualThreadScheduler.parallelism=1",
        "--enable-native-access=ALL-UNNAMED",
        "--add-opens=java.base/java.lang=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        "--class-path",
        System.getProperty("java.class.path"));
  }

  static EchoArm named(String label) {
    return Arrays.stream(values())
        .filter(arm -> arm.label.equals(label))
        .findFirst()
        .orElseThrow(
            () -> new IllegalArgumentException(label + " is none of " + Arrays.toString(values())));
  }

  @Override
  public String toString() {
    return label;
  }
}
