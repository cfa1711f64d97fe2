import org.jspecify.annotations.NullMarked;

/**
 * Blocking Java I/O on virtual threads over Linux io_uring.
 *
 * <p>Start at {@link io.ringspun.Ring}. Files are in {@link io.ringspun.file}, sockets in {@link
 * io.ringspun.net}, pipes, timers, processes and the like in {@link io.ringspun.os}, buffers that
 * many sockets share in {@link io.ringspun.buffer}, and what experts need of the kernel's interface
 * in {@link io.ringspun.raw}.
 */
@NullMarked
module io.ringspun {
  requires static transitive org.jspecify;
  requires org.slf4j;
  requires jdk.jfr;
  requires jdk.net;
  requires java.management;

  exports io.ringspun;
  exports io.ringspun.buffer;
  exports io.ringspun.file;
  exports io.ringspun.net;
  exports io.ringspun.os;
  exports io.ringspun.raw;

  provides java.nio.file.spi.FileSystemProvider with
      io.ringspun.internal.filesystem.RingFileSystemProvider;
  provides java.net.spi.URLStreamHandlerProvider with
      io.ringspun.internal.filesystem.RingUrlHandlerProvider;
}
