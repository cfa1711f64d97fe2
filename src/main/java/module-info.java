import org.jspecify.annotations.NullMarked;

/**
 * Blocking I/O for virtual threads on Linux io_uring.
 *
 * <p>Start with {@link io.ringspun.Ring}. Files are in {@link io.ringspun.file}, sockets in {@link
 * io.ringspun.net}, pipes, timers, processes and other kernel objects in {@link io.ringspun.os},
 * buffers that many sockets share in {@link io.ringspun.buffer}, and low-level access in {@link
 * io.ringspun.raw}.
 */
@NullMarked
module io.ringspun {
  requires static transitive org.jspecify;
  requires org.slf4j;
  requires jdk.jfr;
  requires jdk.net;
  requires java.management;
  requires static java.instrument; // there if the library is started as an agent

  exports io.ringspun;
  exports io.ringspun.buffer;
  exports io.ringspun.file;
  exports io.ringspun.net;
  exports io.ringspun.os;
  exports io.ringspun.raw;
  exports io.ringspun.internal.agent to
      java.instrument; // which calls the agent

  provides java.nio.file.spi.FileSystemProvider with
      io.ringspun.internal.filesystem.RingFileSystemProvider;
  provides java.net.spi.URLStreamHandlerProvider with
      io.ringspun.internal.filesystem.RingUrlHandlerProvider;
}
