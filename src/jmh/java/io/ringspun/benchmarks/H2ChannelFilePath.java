package io.ringspun.benchmarks;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.h2.store.fs.FilePath;
import org.h2.store.fs.FilePathWrapper;
import org.h2.store.fs.FileUtils;

/** The counterpart of {@code H2RingFilePath} on the JDK's channel: {@code channel:/path/to/it}. */
public final class H2ChannelFilePath extends FilePathWrapper {
  /** Makes a path without a name, as H2 needs one. */
  public H2ChannelFilePath() {}

  static void register() {
    FilePath.register(new H2ChannelFilePath());
  }

  @Override
  public String getScheme() {
    return "channel";
  }

  @Override
  public FileChannel open(String mode) throws IOException {
    Path path = Path.of(getBase().toString());
    return FileChannel.open(path, FileUtils.modeToOptions(mode), FileUtils.NO_ATTRIBUTES);
  }
}
