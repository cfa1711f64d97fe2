import org.jspecify.annotations.NullMarked;

/**
 * Blocking Java I/O on virtual threads over Linux io_uring.
 *
 * <p>Start at {@link io.ringspun.Ring}. Files are in {@link io.ringspun.file}.
 */
@NullMarked
module io.ringspun {
  requires static transitive org.jspecify;
  requires org.slf4j;
  requires jdk.jfr;

  exports io.ringspun;
  exports io.ringspun.file;

  provides java.nio.file.spi.FileSystemProvider with
      io.ringspun.file.RingFileSystemProvider;
}
