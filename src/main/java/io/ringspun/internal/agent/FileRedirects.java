package io.ringspun.internal.agent;

import io.ringspun.RingGroup;
import io.ringspun.file.RingFileSystems;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.Charset;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What classes of chosen packages call in place of the JDK's methods. Paths of the default file
 * system are opened through rings, all others as before. Without rings everything is as before.
 * Public, since the calls come from classes of the program.
 */
public final class FileRedirects {
  private static volatile boolean known; // whether the next field is set
  private static volatile boolean hasRings;

  private FileRedirects() {}

  /** Names the class whose method with the same name and type is replaced. */
  @Retention(RetentionPolicy.RUNTIME)
  @Target(ElementType.METHOD)
  @interface Replaces {
    /** Returns the class. */
    Class<?> value();
  }

  /** Replaces {@link FileChannel#open(Path, OpenOption...)}. */
  @Replaces(FileChannel.class)
  public static FileChannel open(Path path, OpenOption... options) throws IOException {
    return FileChannel.open(onRings(path), options);
  }

  /** Replaces {@link FileChannel#open(Path, Set, FileAttribute...)}. */
  @Replaces(FileChannel.class)
  public static FileChannel open(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return FileChannel.open(onRings(path), options, attributes);
  }

  /** Replaces {@link Files#newByteChannel(Path, OpenOption...)}. */
  @Replaces(Files.class)
  public static SeekableByteChannel newByteChannel(Path path, OpenOption... options)
      throws IOException {
    return Files.newByteChannel(onRings(path), options);
  }

  /** Replaces {@link Files#newByteChannel(Path, Set, FileAttribute...)}. */
  @Replaces(Files.class)
  public static SeekableByteChannel newByteChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return Files.newByteChannel(onRings(path), options, attributes);
  }

  /** Replaces {@link Files#newInputStream(Path, OpenOption...)}. */
  @Replaces(Files.class)
  public static InputStream newInputStream(Path path, OpenOption... options) throws IOException {
    return Files.newInputStream(onRings(path), options);
  }

  /** Replaces {@link Files#newOutputStream(Path, OpenOption...)}. */
  @Replaces(Files.class)
  public static OutputStream newOutputStream(Path path, OpenOption... options) throws IOException {
    return Files.newOutputStream(onRings(path), options);
  }

  /** Replaces {@link Files#newBufferedReader(Path)}. */
  @Replaces(Files.class)
  public static BufferedReader newBufferedReader(Path path) throws IOException {
    return Files.newBufferedReader(onRings(path));
  }

  /** Replaces {@link Files#newBufferedReader(Path, Charset)}. */
  @Replaces(Files.class)
  public static BufferedReader newBufferedReader(Path path, Charset charset) throws IOException {
    return Files.newBufferedReader(onRings(path), charset);
  }

  /** Replaces {@link Files#newBufferedWriter(Path, OpenOption...)}. */
  @Replaces(Files.class)
  public static BufferedWriter newBufferedWriter(Path path, OpenOption... options)
      throws IOException {
    return Files.newBufferedWriter(onRings(path), options);
  }

  /** Replaces {@link Files#newBufferedWriter(Path, Charset, OpenOption...)}. */
  @Replaces(Files.class)
  public static BufferedWriter newBufferedWriter(Path path, Charset charset, OpenOption... options)
      throws IOException {
    return Files.newBufferedWriter(onRings(path), charset, options);
  }

  /** Replaces {@link Files#readAllBytes(Path)}. */
  @Replaces(Files.class)
  public static byte[] readAllBytes(Path path) throws IOException {
    return Files.readAllBytes(onRings(path));
  }

  /** Replaces {@link Files#readString(Path)}. */
  @Replaces(Files.class)
  public static String readString(Path path) throws IOException {
    return Files.readString(onRings(path));
  }

  /** Replaces {@link Files#readString(Path, Charset)}. */
  @Replaces(Files.class)
  public static String readString(Path path, Charset charset) throws IOException {
    return Files.readString(onRings(path), charset);
  }

  /** Replaces {@link Files#readAllLines(Path)}. */
  @Replaces(Files.class)
  public static List<String> readAllLines(Path path) throws IOException {
    return Files.readAllLines(onRings(path));
  }

  /** Replaces {@link Files#readAllLines(Path, Charset)}. */
  @Replaces(Files.class)
  public static List<String> readAllLines(Path path, Charset charset) throws IOException {
    return Files.readAllLines(onRings(path), charset);
  }

  /** Replaces {@link Files#lines(Path)}. */
  @Replaces(Files.class)
  @SuppressWarnings("StreamResourceLeak") // the caller closes it
  public static Stream<String> lines(Path path) throws IOException {
    return Files.lines(onRings(path));
  }

  /** Replaces {@link Files#lines(Path, Charset)}. */
  @Replaces(Files.class)
  @SuppressWarnings("StreamResourceLeak") // the caller closes it
  public static Stream<String> lines(Path path, Charset charset) throws IOException {
    return Files.lines(onRings(path), charset);
  }

  /** Replaces {@link Files#write(Path, byte[], OpenOption...)}. */
  @Replaces(Files.class)
  public static Path write(Path path, byte[] bytes, OpenOption... options) throws IOException {
    Files.write(onRings(path), bytes, options);
    return path;
  }

  /** Replaces {@link Files#write(Path, Iterable, OpenOption...)}. */
  @Replaces(Files.class)
  public static Path write(Path path, Iterable<? extends CharSequence> lines, OpenOption... options)
      throws IOException {
    Files.write(onRings(path), lines, options);
    return path;
  }

  /** Replaces {@link Files#write(Path, Iterable, Charset, OpenOption...)}. */
  @Replaces(Files.class)
  public static Path write(
      Path path, Iterable<? extends CharSequence> lines, Charset charset, OpenOption... options)
      throws IOException {
    Files.write(onRings(path), lines, charset, options);
    return path;
  }

  /** Replaces {@link Files#writeString(Path, CharSequence, OpenOption...)}. */
  @Replaces(Files.class)
  public static Path writeString(Path path, CharSequence text, OpenOption... options)
      throws IOException {
    Files.writeString(onRings(path), text, options);
    return path;
  }

  /** Replaces {@link Files#writeString(Path, CharSequence, Charset, OpenOption...)}. */
  @Replaces(Files.class)
  public static Path writeString(
      Path path, CharSequence text, Charset charset, OpenOption... options) throws IOException {
    Files.writeString(onRings(path), text, charset, options);
    return path;
  }

  private static Path onRings(Path path) {
    return path.getFileSystem() == FileSystems.getDefault() && hasRings()
        ? RingFileSystems.wrap(path)
        : path;
  }

  private static boolean hasRings() {
    if (!known) {
      findOut();
    }
    return hasRings;
  }

  private static synchronized void findOut() {
    if (known) {
      return;
    }
    boolean found = false;
    try {
      RingGroup.shared();
      found = true;
    } catch (IOException | LinkageError | RuntimeException e) {
      AgentOutput.problem("files stay the JDK's", e);
    }
    hasRings = found;
    known = true;
  }
}
