package io.ringspun.benchmarks;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import java.util.stream.Stream;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;

/**
 * What a program does with files and sockets all day. Each is written once, against {@link
 * FileChannel}, {@link Files} and {@link Socket}; the arms differ only in what they open.
 */
enum EverydayWork {
  WRITE_4K("write 4 KiB in the page cache, in sequence", 1, 32, 1000) {
    @Override
    Task task(Place place, int member) throws IOException {
      return writer(place, member, ByteBuffer.allocateDirect(4 << 10), false);
    }
  },
  WRITE_4K_HEAP("write 4 KiB from a heap buffer, in sequence", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      return writer(place, member, ByteBuffer.allocate(4 << 10), false);
    }
  },
  WRITE_4K_RANDOM("write 4 KiB in the page cache, at random", 1, 32, 1000) {
    @Override
    Task task(Place place, int member) throws IOException {
      return writer(place, member, ByteBuffer.allocateDirect(4 << 10), true);
    }
  },
  WRITE_64K("write 64 KiB in the page cache, in sequence", 1, 32, 1000) {
    @Override
    Task task(Place place, int member) throws IOException {
      return writer(place, member, ByteBuffer.allocateDirect(64 << 10), false);
    }
  },
  EXISTS("Files.exists", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      Path path = place.file(member, 1024);
      return () -> require(Files.exists(path));
    }
  },
  EXISTS_NOT("Files.exists of what is not there", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      Path path = place.path("nothing" + member);
      return () -> require(!Files.exists(path));
    }
  },
  READ_ATTRIBUTES("Files.readAttributes", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      Path path = place.file(member, 1024);
      return () -> require(Files.readAttributes(path, BasicFileAttributes.class).size() == 1024);
    }
  },
  OPEN_CLOSE("open and close a channel", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      Path path = place.file(member, 1024);
      return () -> place.open(path, READ).close();
    }
  },
  READ_ALL_BYTES("Files.readAllBytes of 1 KiB", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      Path path = place.file(member, 1024);
      return () -> require(Files.readAllBytes(path).length == 1024);
    }
  },
  LINES("Files.lines of 20 lines", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      Path path = place.file(member, 0);
      Files.write(path, List.of("a line of text\n".repeat(20).split("\n")));
      return () -> {
        try (Stream<String> lines = Files.lines(path)) {
          require(lines.count() == 20);
        }
      };
    }
  },
  CREATE_DELETE("create and delete", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      Path path = place.path("created" + member);
      return () -> {
        Files.createFile(path);
        Files.delete(path);
      };
    }
  },
  CREATE_MOVE_DELETE("create, move, delete", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      Path path = place.path("created" + member);
      Path moved = place.path("moved" + member);
      return () -> {
        Files.createFile(path);
        Files.move(path, moved, StandardCopyOption.ATOMIC_MOVE);
        Files.delete(moved);
      };
    }
  },
  WRITE_NEW("write a new file of 1 KiB", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      Path path = place.path("new" + member);
      byte[] content = new byte[1024];
      return () -> {
        Files.write(path, content, CREATE_NEW, WRITE);
        Files.delete(path);
      };
    }
  },
  LIST("list 100 names", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      Path directory = Files.createDirectory(place.path("directory" + member));
      for (int i = 0; i < 100; i++) {
        Files.createFile(directory.resolve("name" + i));
      }
      return () -> {
        try (Stream<Path> names = Files.list(directory)) {
          require(names.count() == 100);
        }
      };
    }
  },
  WALK("Files.walk of 10 directories with 10 files each", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      Path root = Files.createDirectory(place.path("tree" + member));
      for (int i = 0; i < 10; i++) {
        Path directory = Files.createDirectory(root.resolve("directory" + i));
        for (int j = 0; j < 10; j++) {
          Files.createFile(directory.resolve("name" + j));
        }
      }
      return () -> {
        try (Stream<Path> paths = Files.walk(root)) {
          require(paths.count() == 111);
        }
      };
    }
  },
  TRUNCATE("write 4 KiB and truncate to nothing", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      FileChannel channel = place.open(place.file(member, 0), WRITE);
      ByteBuffer buffer = ByteBuffer.allocateDirect(4 << 10);
      return closing(
          channel,
          () -> {
            require(channel.write(buffer.clear(), 0) == buffer.capacity());
            channel.truncate(0);
          });
    }
  },
  XATTR("set and get an attribute of the user", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      Path path = place.file(member, 0);
      byte[] value = new byte[16];
      return () -> {
        Files.setAttribute(path, "user:origin", value);
        require(((byte[]) Files.getAttribute(path, "user:origin")).length == value.length);
      };
    }
  },
  SET_TIME("Files.setLastModifiedTime", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      Path path = place.file(member, 0);
      FileTime time = FileTime.fromMillis(1_000_000);
      return () -> Files.setLastModifiedTime(path, time);
    }
  },
  SET_PERMISSIONS("Files.setPosixFilePermissions", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      Path path = place.file(member, 0);
      Set<PosixFilePermission> mine = PosixFilePermissions.fromString("rw-------");
      return () -> Files.setPosixFilePermissions(path, mine);
    }
  },
  IS_WRITABLE("Files.isWritable", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      Path path = place.file(member, 0);
      return () -> require(Files.isWritable(path));
    }
  },
  REAL_PATH("Path.toRealPath", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      Path path = place.file(member, 0);
      return () -> require(path.toRealPath().isAbsolute());
    }
  },
  APPEND_LINES("append 100 lines with a BufferedWriter", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      Path path = place.file(member, 0);
      return () -> {
        try (BufferedWriter writer = Files.newBufferedWriter(path, WRITE, APPEND)) {
          for (int i = 0; i < 100; i++) {
            writer.write("a line of a log that somebody reads later\n");
          }
        }
        if (Files.size(path) > REGION_BYTES) {
          Files.write(path, new byte[0]);
        }
      };
    }
  },
  READ_HEAP("read 8 KiB into a heap buffer, relative", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      return reader(place, member, ByteBuffer.allocate(8 << 10), false);
    }
  },
  READ_HEAP_AT("read 8 KiB into a heap buffer, at a position", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      return reader(place, member, ByteBuffer.allocate(8 << 10), true);
    }
  },
  READ_64("read 64 B", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      return reader(place, member, ByteBuffer.allocate(64), false);
    }
  },
  INPUT_STREAM("InputStream.read of 8 KiB", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      Path path = place.file(member, 1 << 20);
      byte[] buffer = new byte[8 << 10];
      return new Task() {
        InputStream in = Files.newInputStream(path);

        @Override
        public void run() throws IOException {
          int n = in.read(buffer);
          if (n < 0) {
            in.close();
            in = Files.newInputStream(path);
            n = in.read(buffer);
          }
          require(n == buffer.length);
        }

        @Override
        public void close() throws IOException {
          in.close();
        }
      };
    }
  },
  SIZE("FileChannel.size", 1, 32) {
    @Override
    Task task(Place place, int member) throws IOException {
      FileChannel channel = place.open(place.file(member, 1024), READ);
      return closing(channel, () -> require(channel.size() == 1024));
    }
  },
  READ_RANDOM("read 4 KiB of a large file at random, direct buffers", 1, 32, 1000) {
    @Override
    Task task(Place place, int member) throws IOException {
      FileChannel channel = place.shared();
      ByteBuffer buffer = ByteBuffer.allocateDirect(BenchmarkFile.BLOCK_BYTES);
      long[] random = {BenchmarkFile.seed(member)};
      return () -> {
        long position = place.blocks().position(random[0]);
        int n = channel.read(buffer.clear(), position);
        require(n == BenchmarkFile.BLOCK_BYTES);
        random[0] = BenchmarkFile.random(random[0]);
      };
    }
  },
  EXCHANGE("64 B request and answer through sockets", 1, 32, 200) {
    @Override
    Task task(Place place, int member) throws IOException {
      return exchange(place, place.servers());
    }
  },
  EXCHANGE_CLIENT("the same, the server's end a socket of the JDK", 1, 32, 200) {
    @Override
    Task task(Place place, int member) throws IOException {
      return exchange(place, ServerSocketFactory.getDefault());
    }
  };

  private static final int REGION_BYTES = 1 << 20;

  private final String title;
  private final List<Integer> threads;

  EverydayWork(String title, Integer... threads) {
    this.title = title;
    this.threads = List.of(threads);
  }

  String title() {
    return title;
  }

  List<Integer> threads() {
    return threads;
  }

  /** What one thread does again and again. */
  interface Task extends AutoCloseable {
    void run() throws IOException;

    @Override
    default void close() throws IOException {}
  }

  /** Where an arm has its files, and how it opens them. */
  interface Place {
    /** Returns a path of this arm's file system. */
    Path path(String name);

    /** Opens a channel in this arm's way. */
    FileChannel open(Path path, OpenOption... options) throws IOException;

    /** Returns the one channel of all threads on the large file. */
    FileChannel shared() throws IOException;

    /** Returns the large file. */
    BenchmarkFile blocks();

    /** Returns what makes clients' sockets. */
    SocketFactory clients();

    /** Returns what makes servers' sockets. */
    ServerSocketFactory servers();

    /** Returns what makes threads of this arm's kind. */
    ThreadFactory threads();

    /** Makes a file of a thread's own. */
    default Path file(int member, int byteSize) throws IOException {
      Path path = path("file" + member);
      Files.write(path, new byte[byteSize]);
      return path;
    }
  }

  /** Makes what a thread does, before the clock runs. */
  abstract Task task(Place place, int member) throws IOException;

  private static Task closing(FileChannel channel, Task task) {
    return new Task() {
      @Override
      public void run() throws IOException {
        task.run();
      }

      @Override
      public void close() throws IOException {
        channel.close();
      }
    };
  }

  /** Writes over the same region of a file of the thread's own. */
  private static Task writer(Place place, int member, ByteBuffer buffer, boolean atRandom)
      throws IOException {
    int region = Math.max(REGION_BYTES / 4, buffer.capacity());
    FileChannel channel = place.open(place.file(member, region), CREATE, WRITE);
    int blocks = region / buffer.capacity();
    if (atRandom) {
      long[] random = {BenchmarkFile.seed(member)};
      return closing(
          channel,
          () -> {
            random[0] = BenchmarkFile.random(random[0]);
            long position = (random[0] >>> 33) % blocks * buffer.capacity();
            require(channel.write(buffer.clear(), position) == buffer.capacity());
          });
    }
    return closing(
        channel,
        () -> {
          if (channel.write(buffer.clear()) != buffer.capacity()) {
            throw new IllegalStateException("a short write");
          }
          if (channel.position() == region) {
            channel.position(0);
          }
        });
  }

  private static Task reader(Place place, int member, ByteBuffer buffer, boolean atPosition)
      throws IOException {
    FileChannel channel = place.open(place.file(member, REGION_BYTES), READ);
    if (atPosition) {
      long[] position = {0};
      return closing(
          channel,
          () -> {
            require(channel.read(buffer.clear(), position[0]) == buffer.capacity());
            position[0] = (position[0] + buffer.capacity()) % REGION_BYTES;
          });
    }
    return closing(
        channel,
        () -> {
          if (channel.read(buffer.clear()) < 0) {
            channel.position(0);
          }
        });
  }

  /** Sends 64 B on a connection of the thread's own to a server that sends them back. */
  private static Task exchange(Place place, ServerSocketFactory servers) throws IOException {
    InetAddress host = InetAddress.getLoopbackAddress();
    Socket client;
    Socket server;
    try (ServerSocket listener = servers.createServerSocket(0, 1, host)) {
      client = place.clients().createSocket(host, listener.getLocalPort());
      server = listener.accept();
    }
    client.setTcpNoDelay(true);
    server.setTcpNoDelay(true);
    place.threads().newThread(() -> echo(server)).start();
    OutputStream out = client.getOutputStream();
    InputStream in = client.getInputStream();
    byte[] request = new byte[64];
    byte[] answer = new byte[64];
    return new Task() {
      @Override
      public void run() throws IOException {
        out.write(request);
        require(in.readNBytes(answer, 0, answer.length) == answer.length);
      }

      @Override
      public void close() throws IOException {
        client.close();
      }
    };
  }

  private static void echo(Socket socket) {
    byte[] buffer = new byte[4 << 10];
    try (socket) {
      InputStream in = socket.getInputStream();
      OutputStream out = socket.getOutputStream();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        out.write(buffer, 0, n);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void require(boolean right) {
    if (!right) {
      throw new IllegalStateException("wrong result");
    }
  }

  static EverydayWork named(String name) {
    return Arrays.stream(values())
        .filter(work -> work.name().equalsIgnoreCase(name))
        .findFirst()
        .orElseThrow(
            () -> new IllegalArgumentException(name + " is none of " + Arrays.toString(values())));
  }
}
