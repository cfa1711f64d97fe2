package io.ringspun.benchmarks;

import io.ringspun.Ring;
import io.ringspun.file.RingFileChannel;
import io.ringspun.file.RingFileSystems;
import io.ringspun.net.RingServerSocketFactory;
import io.ringspun.net.RingSocketFactory;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * One way to do an {@link EverydayWork}. All have their files in the same directory, since what it
 * costs to make a file depends on the part of the disk that the directory is in, and on what was
 * deleted there lately.
 */
final class EverydayArm extends Arm implements EverydayWork.Place {
  private final ThreadFactory factory;
  private final Crew crew;
  private final @Nullable Rings rings;
  private final Path directory;
  private final String prefix; // of the names of this arm's files
  private final BenchmarkFile blocks;
  private final List<EverydayWork.Task> tasks = new ArrayList<>();
  private @Nullable FileChannel shared;

  private EverydayArm(String name, ThreadFactory factory, int threads, @Nullable Rings rings)
      throws IOException {
    this.factory = factory;
    crew = new Crew(factory, threads);
    this.rings = rings;
    directory = Files.createDirectories(BenchmarkFile.directory().resolve("everyday"));
    prefix = name + "-";
    blocks = BenchmarkFile.cached();
    deleteFiles(); // that an earlier run left behind
  }

  /** Makes the files and what each thread does with them. */
  static EverydayArm open(EverydayWork work, String name, int threads) throws IOException {
    EverydayArm arm =
        switch (name) {
          case "jdk" -> new EverydayArm(name, Thread.ofVirtual().factory(), threads, null);
          case "jdkPlatform" -> new EverydayArm(name, Thread.ofPlatform().factory(), threads, null);
          case "carried" -> {
            Rings rings = Rings.onePerProcessor();
            yield new EverydayArm(name, rings.carried(), threads, rings);
          }
          case "default" ->
              new EverydayArm(name, Thread.ofVirtual().factory(), threads, Rings.shared());
          case "platform" ->
              new EverydayArm(name, Thread.ofPlatform().factory(), threads, Rings.shared());
          default -> throw new IllegalArgumentException("no such arm: " + name);
        };
    for (int i = 0; i < threads; i++) {
      arm.tasks.add(work.task(arm, i));
    }
    return arm;
  }

  /** Returns the arm that does the same by the JDK alone. */
  static String yardstick(String arm) {
    return arm.equals("platform") ? "jdkPlatform" : "jdk";
  }

  @Override
  void run(int operations) throws Exception {
    crew.run(
        operations,
        (member, share) -> {
          EverydayWork.Task task = tasks.get(member);
          for (int i = 0; i < share; i++) {
            task.run();
          }
        });
  }

  private Ring ring() {
    if (rings == null) {
      throw new IllegalStateException("an arm of the JDK has no ring");
    }
    return rings.first();
  }

  @Override
  public Path path(String name) {
    Path path = directory.resolve(prefix + name);
    return rings == null ? path : RingFileSystems.wrap(ring(), path);
  }

  @Override
  public FileChannel open(Path path, OpenOption... options) throws IOException {
    return rings == null
        ? FileChannel.open(path, options)
        : RingFileChannel.open(ring(), RingFileSystems.unwrap(path), options);
  }

  @Override
  public FileChannel shared() throws IOException {
    FileChannel channel = shared;
    if (channel == null) {
      channel = open(blocks.path(), StandardOpenOption.READ);
      shared = channel;
    }
    return channel;
  }

  @Override
  public BenchmarkFile blocks() {
    return blocks;
  }

  @Override
  public SocketFactory clients() {
    return rings == null ? SocketFactory.getDefault() : new RingSocketFactory();
  }

  @Override
  public ServerSocketFactory servers() {
    return rings == null ? ServerSocketFactory.getDefault() : new RingServerSocketFactory();
  }

  @Override
  public ThreadFactory threads() {
    return factory;
  }

  @Override
  public void close() throws Exception {
    for (EverydayWork.Task task : tasks) {
      task.close();
    }
    if (shared != null) {
      shared.close();
    }
    if (rings != null) {
      rings.close();
    }
    deleteFiles();
  }

  private void deleteFiles() throws IOException {
    try (DirectoryStream<Path> mine = Files.newDirectoryStream(directory, prefix + "*")) {
      for (Path each : mine) {
        Files.walkFileTree(each, new Deleter());
      }
    }
  }

  private static final class Deleter extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      Files.delete(file);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException problem)
        throws IOException {
      Files.delete(visited);
      return FileVisitResult.CONTINUE;
    }
  }
}
