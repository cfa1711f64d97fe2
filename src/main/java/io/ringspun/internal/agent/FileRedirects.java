package io.ringspun.internal.agent;

import io.ringspun.RingGroup;
import io.ringspun.file.RingFileSystems;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.util.Set;

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
