package io.ringspun.internal.file;

import static io.ringspun.internal.kernel.Constants.*;

import io.ringspun.file.RingOpenOption;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/**
 * Open options as the kernel takes them, with the rules of {@link java.nio.channels.FileChannel}.
 *
 * @param bits {@code O_} flags
 * @param read whether bytes may be read
 * @param write whether bytes may be written
 * @param append whether every write goes to the end
 * @param direct whether the page cache is gone past
 * @param registered whether the file goes into the table of its ring
 * @param deleteOnClose whether the name is to be removed when the file is closed
 */
public record OpenFlags(
    int bits,
    boolean read,
    boolean write,
    boolean append,
    boolean direct,
    boolean registered,
    boolean deleteOnClose) {

  /**
   * Translates options.
   *
   * @throws IllegalArgumentException if options contradict each other
   * @throws UnsupportedOperationException if an option is unknown
   */
  public static OpenFlags of(Collection<? extends OpenOption> options) {
    boolean append = options.contains(StandardOpenOption.APPEND);
    boolean write = append || options.contains(StandardOpenOption.WRITE);
    boolean read = options.contains(StandardOpenOption.READ) || !write;
    boolean registered = options.contains(RingOpenOption.REGISTERED);
    int inherited = registered ? 0 : O_CLOEXEC; // no program that is executed sees the table
    int bits = inherited | O_LARGEFILE | (read ? (write ? O_RDWR : O_RDONLY) : O_WRONLY);
    boolean direct = false;
    boolean deleteOnClose = false;
    for (OpenOption option : options) {
      switch (option) {
        case StandardOpenOption standard -> {
          bits |= bits(standard, write, options);
          deleteOnClose |= standard == StandardOpenOption.DELETE_ON_CLOSE;
        }
        case LinkOption _ -> bits |= O_NOFOLLOW;
        case RingOpenOption.DIRECT -> direct = true;
        case RingOpenOption.NONBLOCKING -> bits |= O_NONBLOCK;
        case RingOpenOption.REGISTERED -> {} // told to the ring, not to the file system
        case RingOpenOption.TMPFILE -> {
          if (!write) {
            throw new IllegalArgumentException("TMPFILE needs WRITE");
          }
          bits |= O_TMPFILE;
        }
        default -> {
          if (!isExtendedDirect(option)) {
            throw new UnsupportedOperationException(option + " not supported");
          }
          direct = true;
        }
      }
    }
    if (registered && (bits & O_NONBLOCK) != 0) {
      throw new IllegalArgumentException("REGISTERED and NONBLOCKING exclude each other");
    }
    if (append && options.contains(StandardOpenOption.READ)) {
      throw new IllegalArgumentException("READ and APPEND exclude each other");
    }
    if (append && options.contains(StandardOpenOption.TRUNCATE_EXISTING)) {
      throw new IllegalArgumentException("APPEND and TRUNCATE_EXISTING exclude each other");
    }
    if (deleteOnClose) {
      bits |= O_NOFOLLOW; // as the JDK does: the name that is removed is the file that was opened
    }
    return new OpenFlags(
        direct ? bits | O_DIRECT : bits, read, write, append, direct, registered, deleteOnClose);
  }

  /**
   * Translates options for what goes into a slot of a chain's.
   *
   * @throws IllegalArgumentException if options contradict each other, or the file is to be deleted
   * @throws UnsupportedOperationException if an option is unknown
   */
  public static OpenFlags ofSlot(Collection<? extends OpenOption> options) {
    Set<OpenOption> all = new HashSet<>(options);
    all.add(RingOpenOption.REGISTERED);
    OpenFlags flags = of(all);
    if (flags.deleteOnClose) {
      throw new IllegalArgumentException("DELETE_ON_CLOSE is not for slots: unlink is a step, too");
    }
    return flags;
  }

  /**
   * Returns the flags of something that is open.
   *
   * @param bits as returned by {@code fcntl(2)}
   * @param direct whether {@code O_DIRECT} among them means that the page cache is gone past
   */
  public static OpenFlags ofOpen(int bits, boolean direct) {
    int access = bits & O_ACCMODE;
    return new OpenFlags(
        bits,
        access != O_WRONLY,
        access != O_RDONLY,
        (bits & O_APPEND) != 0,
        direct && (bits & O_DIRECT) != 0,
        false,
        false);
  }

  /** Returns whether every write syncs what it wrote. */
  public boolean writesSync() {
    return (bits & O_DSYNC) != 0; // which O_SYNC has in it
  }

  /** Returns permissions as openat2(2) takes them: none unless a file may be made. */
  public static int openat2Mode(int bits, int mode) {
    int making = O_CREAT | (O_TMPFILE & ~O_DIRECTORY);
    return (bits & making) != 0 ? mode : 0;
  }

  /** Options that open the same file once more with the same access. */
  public Set<OpenOption> twinOptions() {
    if (!write) {
      return Set.of(StandardOpenOption.READ);
    }
    return read
        ? Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE)
        : Set.of(StandardOpenOption.WRITE);
  }

  /** {@code com.sun.nio.file.ExtendedOpenOption} is no API that one may compile against. */
  private static boolean isExtendedDirect(OpenOption option) {
    return option.getClass().getName().equals("com.sun.nio.file.ExtendedOpenOption")
        && option.toString().equals("DIRECT");
  }

  private static int bits(
      StandardOpenOption option, boolean write, Collection<? extends OpenOption> options) {
    return switch (option) {
      case READ, WRITE, DELETE_ON_CLOSE, SPARSE -> 0;
      case APPEND -> O_APPEND;
      case TRUNCATE_EXISTING -> write ? O_TRUNC : 0;
      case CREATE -> write && !options.contains(StandardOpenOption.CREATE_NEW) ? O_CREAT : 0;
      case CREATE_NEW -> write ? O_CREAT | O_EXCL : 0;
      case SYNC -> O_SYNC;
      case DSYNC -> O_DSYNC;
    };
  }

  /** Returns the permissions that attributes ask for, else those given. */
  public static int mode(int otherwise, FileAttribute<?>... attributes) {
    int mode = otherwise;
    for (FileAttribute<?> attribute : attributes) {
      if (!attribute.name().equals("posix:permissions")) {
        throw new UnsupportedOperationException(
            "'" + attribute.name() + "' not supported as initial attribute");
      }
      mode = 0;
      for (Object permission : (Set<?>) attribute.value()) {
        mode |= bit((PosixFilePermission) permission);
      }
    }
    return mode;
  }

  private static int bit(PosixFilePermission permission) {
    return switch (permission) {
      case OWNER_READ -> 0400;
      case OWNER_WRITE -> 0200;
      case OWNER_EXECUTE -> 0100;
      case GROUP_READ -> 040;
      case GROUP_WRITE -> 020;
      case GROUP_EXECUTE -> 010;
      case OTHERS_READ -> 04;
      case OTHERS_WRITE -> 02;
      case OTHERS_EXECUTE -> 01;
    };
  }
}
