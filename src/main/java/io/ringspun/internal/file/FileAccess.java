package io.ringspun.internal.file;

import io.ringspun.Ring;
import io.ringspun.file.RingFile;
import io.ringspun.file.RingInputStream;
import io.ringspun.file.RingOutputStream;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Access for internal packages to non-public factories: files that were opened in another way, and
 * streams that ignore interrupts. The class {@link RingFile} sets the instance when it is loaded.
 */
public abstract class FileAccess {
  private static volatile @Nullable FileAccess access;

  /** For the implementation. */
  protected FileAccess() {}

  /** Called once, by the class that has access. */
  public static void set(FileAccess given) {
    access = given;
  }

  /** Returns the access. */
  public static FileAccess get() {
    FileAccess known = access;
    if (known == null) {
      try {
        MethodHandles.lookup().ensureInitialized(RingFile.class);
      } catch (IllegalAccessException e) {
        throw new AssertionError("the class is public", e);
      }
      known = access;
    }
    assert known != null : "the class is initialized";
    return known;
  }

  /** Returns an open file as users see it. */
  public abstract RingFile file(OpenFile open);

  /** Returns how a file is read and written. */
  public abstract Transfer transfer(RingFile file);

  /** Returns what a file is to the implementation. */
  public abstract OpenFile openFile(RingFile file);

  /** Opens a file for a stream that no interrupt ends. */
  public abstract RingInputStream inputStream(Ring ring, Path path, OpenOption... options)
      throws IOException;

  /** Opens or makes a file for a stream that no interrupt ends. */
  public abstract RingOutputStream outputStream(Ring ring, Path path, OpenOption... options)
      throws IOException;
}
