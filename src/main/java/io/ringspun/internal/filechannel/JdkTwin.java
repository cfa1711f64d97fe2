package io.ringspun.internal.filechannel;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.SystemCall;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Channels of the JDK for files that are open already. The JDK makes none of a given descriptor. So
 * it opens the file once more by the kernel's link to the descriptor. Where it may not, or there is
 * no {@code /proc}, or opening might wait, it opens a temporary file, and {@code dup3(2)} makes the
 * descriptor of that mean our file.
 */
final class JdkTwin {
  /** How many descriptors are looked at to find one: more than a process can have, usually. */
  private static final int DESCRIPTORS_MAX = 1 << 20;

  private JdkTwin() {}

  /**
   * Makes a channel.
   *
   * @param fd open, and not closed meanwhile
   * @param regular whether it is a regular file, which can be opened again without waiting
   * @param options with which the JDK is to open it
   * @throws IOException if neither way is open; the message says what to do
   */
  static FileChannel of(Kernel kernel, int fd, boolean regular, Set<OpenOption> options)
      throws IOException {
    IOException refused = null;
    if (regular) {
      try {
        return FileChannel.open(Path.of("/proc/self/fd/" + fd), options);
      } catch (FileSystemException e) {
        refused = e;
      }
    }
    try {
      return laid(kernel, fd, options);
    } catch (FileSystemException e) {
      IOException failure =
          new IOException(
              ("to be locked or mapped, this file must be opened once more, which was refused (%s),"
                      + " or a temporary file be made, which failed, too (%s): let java.io.tmpdir"
                      + " name a directory that can be written")
                  .formatted(refused, e),
              e);
      if (refused != null) {
        failure.addSuppressed(refused);
      }
      throw failure;
    }
  }

  private static FileChannel laid(Kernel kernel, int fd, Set<OpenOption> options)
      throws IOException {
    Set<OpenOption> all = new HashSet<>(options);
    all.add(StandardOpenOption.DELETE_ON_CLOSE); // it is deleted at once
    FileChannel channel = FileChannel.open(Files.createTempFile("ringspun", ".tmp"), all);
    try {
      int replaced = descriptorOf(kernel, channel);
      int result = (int) kernel.call(SystemCall.DUP3, fd, replaced, Constants.O_CLOEXEC);
      if (result < 0) {
        throw new IOException("dup3 failed: " + Errno.describe(-result));
      }
      return channel;
    } catch (IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  /** Returns the descriptor whose position moves whenever that of the channel does. */
  private static int descriptorOf(Kernel kernel, FileChannel channel) throws IOException {
    long first = move(channel);
    for (int fd = 0; fd < DESCRIPTORS_MAX; fd++) {
      if (position(kernel, fd) == first) {
        long second = move(channel);
        if (position(kernel, fd) == second) {
          return fd;
        }
        first = second;
      }
    }
    throw new IOException("no descriptor moves with the JDK's channel");
  }

  private static long move(FileChannel channel) throws IOException {
    long position = ThreadLocalRandom.current().nextLong(1, 1L << 31);
    channel.position(position);
    return position;
  }

  private static long position(Kernel kernel, int fd) {
    return kernel.call(SystemCall.LSEEK, fd, 0, Constants.SEEK_CUR);
  }
}
