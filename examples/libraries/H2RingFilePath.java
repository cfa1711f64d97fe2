package libraries;

import io.ringspun.file.RingFileChannel;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.h2.store.fs.FilePath;
import org.h2.store.fs.FilePathWrapper;
import org.h2.store.fs.FileUtils;

/**
 * Lets the H2 database read and write its files through a ring: after {@link #register()} a
 * database is opened as {@code jdbc:h2:ring:/path/to/it}, a store of {@code MVStore} as {@code
 * ring:/path/to/it}. H2's other prefixes go in front, as in {@code split:ring:/path/to/it}.
 *
 * <p>Transfers run on the ring that carries the calling thread, or otherwise on the shared group.
 * Operations on names and directories are H2's own.
 */
public final class H2RingFilePath extends FilePathWrapper {
  /** Creates a path without a name, from which H2 creates the others. */
  public H2RingFilePath() {}

  /** Registers the prefix with H2 for the whole process. */
  public static void register() {
    FilePath.register(new H2RingFilePath());
  }

  @Override
  public String getScheme() {
    return "ring";
  }

  @Override
  public FileChannel open(String mode) throws IOException {
    Path path = Path.of(getBase().toString());
    return RingFileChannel.open(path, FileUtils.modeToOptions(mode), FileUtils.NO_ATTRIBUTES);
  }

  @Override
  public InputStream newInputStream() throws IOException {
    return Channels.newInputStream(open("r"));
  }

  @Override
  public OutputStream newOutputStream(boolean append) throws IOException {
    return newFileChannelOutputStream(open("rw"), append);
  }
}
