package io.ringspun.file;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Path;
import java.util.Iterator;

/**
 * A directory as the JDK lists it.
 *
 * @param fileSystem that of the paths
 * @param jdk the JDK's stream
 */
record RingDirectoryStream(RingFileSystem fileSystem, DirectoryStream<Path> jdk)
    implements DirectoryStream<Path> {
  @Override
  public Iterator<Path> iterator() {
    Iterator<Path> entries = jdk.iterator();
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return entries.hasNext();
      }

      @Override
      public Path next() {
        return fileSystem.wrap(entries.next());
      }

      @Override
      public void remove() {
        entries.remove();
      }
    };
  }

  @Override
  public void close() throws IOException {
    jdk.close();
  }
}
