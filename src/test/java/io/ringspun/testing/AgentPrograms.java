package io.ringspun.testing;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.lang.instrument.Instrumentation;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolverProvider;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/**
 * Programs that know nothing of the library, to be started with and without its agent. A line that
 * begins with {@code carrier: } names a thread that carries virtual threads; all other lines are
 * the same in both cases, unless a program says otherwise.
 */
public final class AgentPrograms {
  private AgentPrograms() {}

  /** Returns the name of the thread that carries the current virtual thread. */
  static String carrier() {
    String text = Thread.currentThread().toString();
    return "carrier: " + text.substring(text.lastIndexOf('@') + 1);
  }

  /** Says of a virtual thread what can be said. */
  static void describe() {
    Thread thread = Thread.currentThread();
    System.out.println(carrier());
    System.out.printf(
        "%s virtual=%s daemon=%s priority=%d group=%s loader=%s%n",
        thread.getName(),
        thread.isVirtual(),
        thread.isDaemon(),
        thread.getPriority(),
        thread.getThreadGroup().getName(),
        thread.getContextClassLoader().getName());
  }

  /** Starts virtual threads in every way there is. */
  public static final class Threads {
    private static final InheritableThreadLocal<String> INHERITED = new InheritableThreadLocal<>();

    /** Starts them one after the other. */
    public static void main(String[] arguments) throws Exception {
      INHERITED.set("inherited");
      Thread.startVirtualThread(AgentPrograms::describe).join();
      Thread.ofVirtual().name("named").start(AgentPrograms::describe).join();
      Thread unstarted = Thread.ofVirtual().name("later-", 7).unstarted(AgentPrograms::describe);
      System.out.println(unstarted.getState());
      unstarted.start();
      unstarted.join();
      Thread made = Thread.ofVirtual().factory().newThread(AgentPrograms::describe);
      made.start();
      made.join();
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        threads.submit(AgentPrograms::describe).get();
        threads.submit(() -> System.out.println(INHERITED.get())).get();
      }
      Thread parent =
          Thread.ofVirtual()
              .start(
                  () -> {
                    Thread child = Thread.startVirtualThread(AgentPrograms::describe);
                    try {
                      child.join();
                      Thread.sleep(1);
                      Object monitor = new Object();
                      synchronized (monitor) {
                        monitor.wait(1);
                      }
                    } catch (InterruptedException e) {
                      System.out.println(e);
                    }
                  });
      parent.join();
      Thread failing =
          Thread.ofVirtual()
              .uncaughtExceptionHandler((_, e) -> System.out.println(e.getMessage()))
              .start(
                  () -> {
                    throw new IllegalStateException("uncaught");
                  });
      failing.join();
      System.out.println(failing.getState());
      System.out.println(System.getProperty("java.nio.channels.spi.SelectorProvider"));
    }
  }

  /** Prints the carriers of many virtual threads, each once. */
  public static final class Carriers {
    /** Starts the threads. */
    public static void main(String[] arguments) throws Exception {
      carriers(32).forEach(System.out::println);
    }

    static Set<String> carriers(int count) throws Exception {
      Set<String> seen = new TreeSet<>();
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        List<Future<String>> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          names.add(threads.submit(AgentPrograms::carrier));
        }
        for (Future<String> name : names) {
          seen.add(name.get());
        }
      }
      return seen;
    }
  }

  /** Starts no virtual thread, and prints the names of threads of the library. */
  public static final class NoThreads {
    /** Looks at all threads. */
    public static void main(String[] arguments) {
      for (Thread thread : Thread.getAllStackTraces().keySet()) {
        if (thread.getName().startsWith("ringspun")) {
          System.out.println(thread.getName());
        }
      }
      System.out.println("done");
    }
  }

  /** Several class initializers at once that wait for virtual threads. */
  public static final class Initializers {
    private static final CountDownLatch START = new CountDownLatch(1);

    static final class First {
      static final String CARRIER = ask();
    }

    static final class Second {
      static final String CARRIER = ask();
    }

    static final class Third {
      static final String CARRIER = ask();
    }

    static {
      try { // of the main class
        System.out.println(ask());
      } catch (RuntimeException e) {
        System.out.println(e);
      }
    }

    static String ask() {
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        return threads.submit(AgentPrograms::carrier).get();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }

    /** Starts them. */
    public static void main(String[] arguments) throws Exception {
      List<Thread> threads = new ArrayList<>();
      for (Callable<String> asking :
          List.<Callable<String>>of(
              () -> First.CARRIER, () -> Second.CARRIER, () -> Third.CARRIER)) {
        threads.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      try {
                        START.await();
                        System.out.println(asking.call());
                      } catch (Exception e) {
                        System.out.println(e);
                      }
                    }));
      }
      START.countDown();
      for (Thread thread : threads) {
        thread.join();
      }
    }
  }

  /** Serves HTTP on virtual threads and asks itself. */
  public static final class Http {
    /** Asks a hundred times, from ten threads. */
    public static void main(String[] arguments) throws Exception {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      Set<String> carriers = new TreeSet<>();
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        server.setExecutor(threads);
        server.createContext(
            "/",
            exchange -> {
              synchronized (carriers) {
                carriers.add(carrier());
              }
              byte[] answer =
                  exchange.getRequestURI().getPath().getBytes(StandardCharsets.US_ASCII);
              exchange.sendResponseHeaders(200, answer.length);
              try (var body = exchange.getResponseBody()) {
                body.write(answer);
              }
            });
        server.start();
        List<Future<Integer>> asked = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
          asked.add(threads.submit(() -> ask(server.getAddress().getPort())));
        }
        int answers = 0;
        for (Future<Integer> one : asked) {
          answers += one.get();
        }
        System.out.println(answers + " answers");
        server.stop(0);
      }
      carriers.forEach(System.out::println);
    }

    private static int ask(int port) throws IOException {
      int answers = 0;
      for (int i = 0; i < 10; i++) {
        URI uri = URI.create("http://127.0.0.1:" + port + "/page" + i);
        try (InputStream in = uri.toURL().openStream()) {
          String answer = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
          answers += answer.equals("/page" + i) ? 1 : 0;
        }
      }
      return answers;
    }
  }

  /** Ends in the way that is asked for. */
  public static final class End {
    /** Ends. */
    public static void main(String[] arguments) throws Exception {
      CountDownLatch never = new CountDownLatch(1);
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(
                  () -> {
                    try {
                      Thread.startVirtualThread(() -> System.out.println("hook")).join();
                    } catch (InterruptedException e) {
                      System.out.println(e);
                    }
                  }));
      switch (arguments[0]) {
        case "return" -> {}
        case "daemon" -> Thread.startVirtualThread(() -> await(never));
        case "throw" -> throw new IllegalStateException("main ends");
        case "exit" -> Thread.startVirtualThread(() -> System.exit(3)).join();
        case "halt" -> Thread.startVirtualThread(() -> Runtime.getRuntime().halt(4)).join();
        default -> throw new IllegalArgumentException(arguments[0]);
      }
    }

    private static void await(CountDownLatch latch) {
      try {
        latch.await();
      } catch (InterruptedException e) {
        System.out.println(e);
      }
    }
  }

  /** Prints what sockets are, and sends a byte through each kind. */
  public static final class Sockets {
    /** Opens them. */
    @SuppressWarnings("deprecation") // asks whether there is a factory
    public static void main(String[] arguments) throws Exception {
      try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
          Socket client = new Socket(server.getInetAddress(), server.getLocalPort());
          Socket accepted = server.accept()) {
        client.getOutputStream().write('a');
        System.out.println((char) accepted.getInputStream().read());
      }
      try (ServerSocketChannel server = ServerSocketChannel.open()) {
        server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        try (SocketChannel client = SocketChannel.open(server.getLocalAddress());
            SocketChannel accepted = server.accept()) {
          client.socket().getOutputStream().write('b');
          System.out.println((char) accepted.socket().getInputStream().read());
          System.out.println("channel: " + client.getClass().getSimpleName());
        }
      }
      System.out.println(
          "property: " + System.getProperty("java.nio.channels.spi.SelectorProvider"));
      try {
        Socket.setSocketImplFactory(null);
        System.out.println("factory: none");
      } catch (IOException e) {
        System.out.println("factory: defined");
      }
    }
  }

  /** A resolver of one name, which it resolves to an address that tells the kind of its thread. */
  public static final class Resolver extends InetAddressResolverProvider {
    @Override
    public InetAddressResolver get(Configuration configuration) {
      InetAddressResolver builtin = configuration.builtinResolver();
      return new InetAddressResolver() {
        @Override
        public Stream<InetAddress> lookupByName(String host, LookupPolicy policy)
            throws UnknownHostException {
          if (host.equals("unknown.example")) {
            throw new UnknownHostException(host);
          }
          boolean isVirtual = Thread.currentThread().isVirtual();
          return switch (host) {
            case "ringspun.example" ->
                Stream.of(InetAddress.ofLiteral(isVirtual ? "10.0.0.1" : "10.0.0.2"));
            case "virtual.example", "platform.example" ->
                Stream.of(InetAddress.ofLiteral("10.9.8.7"));
            default -> builtin.lookupByName(host, policy);
          };
        }

        @Override
        public String lookupByAddress(byte[] address) throws UnknownHostException {
          return Thread.currentThread().isVirtual() ? "virtual.example" : "platform.example";
        }
      };
    }

    @Override
    public String name() {
      return "test";
    }
  }

  /** Resolves names on a virtual thread. */
  public static final class Names {
    /** Resolves. */
    public static void main(String[] arguments) throws Exception {
      Thread.startVirtualThread(
              () -> {
                try {
                  System.out.println(InetAddress.getByName("ringspun.example").getHostAddress());
                  System.out.println(InetAddress.ofLiteral("10.9.8.7").getCanonicalHostName());
                  System.out.println(InetAddress.getByName("unknown.example"));
                } catch (UnknownHostException e) {
                  System.out.println(e);
                }
              })
          .join();
    }
  }

  /** Opens a file in every way there is. */
  public static final class OpenedFiles {
    /** Opens the file that the argument names. */
    public static void main(String[] arguments) throws Exception {
      Path path = Path.of(arguments[0]);
      try (var out = Files.newOutputStream(path)) {
        out.write("abc".getBytes(StandardCharsets.US_ASCII));
        System.out.println("opened: " + out.getClass().getName());
      }
      try (var in = Files.newInputStream(path)) {
        System.out.println(new String(in.readAllBytes(), StandardCharsets.US_ASCII));
        System.out.println("opened: " + in.getClass().getName());
      }
      try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
        System.out.println(channel.size());
        System.out.println("opened: " + channel.getClass().getName());
      }
      try (var channel = FileChannel.open(path, Set.of(StandardOpenOption.READ))) {
        System.out.println("opened: " + channel.getClass().getName());
      }
      try (var channel = Files.newByteChannel(path)) {
        System.out.println("opened: " + channel.getClass().getName());
      }
      try (var channel = Files.newByteChannel(path, Set.of(StandardOpenOption.READ))) {
        System.out.println("opened: " + channel.getClass().getName());
      }
      System.out.println(Files.writeString(path, "d\ne\n") == path);
      System.out.println(Files.readString(path, StandardCharsets.UTF_8) + Files.readAllLines(path));
      System.out.println(Files.write(path, List.of("f", "g"), StandardOpenOption.APPEND) == path);
      try (var lines = Files.lines(path);
          var reader = Files.newBufferedReader(path)) {
        System.out.println(lines.toList() + reader.readLine());
      }
      try (var writer = Files.newBufferedWriter(path)) {
        writer.write("h");
      }
      System.out.println(Files.readAllBytes(path).length);
      try {
        Files.newInputStream(path.resolveSibling("missing")).close();
      } catch (IOException e) {
        System.out.println(
            e.getClass() + " " + path.getParent().relativize(Path.of(e.getMessage())));
      }
    }
  }

  /** Prints its carriers again and again, each set once, until its input ends. */
  public static final class Attached {
    /** Prints. */
    public static void main(String[] arguments) throws Exception {
      Set<String> before = Set.of();
      while (System.in.available() == 0) {
        Set<String> now = Carriers.carriers(4);
        if (!now.equals(before)) {
          System.out.println(String.join(" ", now).replace("carrier: ", ""));
        }
        before = now;
      }
    }
  }

  /** An agent beside ours. */
  public static final class OtherAgent {
    /** Does what the option says. */
    @SuppressWarnings("deprecation") // to be there first
    public static void premain(String option, Instrumentation instrumentation) throws Exception {
      switch (option) {
        case "retransform" ->
            instrumentation.retransformClasses(Class.forName("java.lang.ThreadBuilders"));
        case "thread" -> Thread.startVirtualThread(() -> System.out.println(carrier())).join();
        case "factory" -> Socket.setSocketImplFactory(() -> null);
        default -> throw new IllegalArgumentException(option);
      }
    }
  }
}
