package io.ringspun.internal.filesystem;

import io.ringspun.OperationException;
import io.ringspun.file.FileStat;
import io.ringspun.file.RingFile;
import io.ringspun.internal.file.FileAccess;
import io.ringspun.internal.file.FileErrors;
import io.ringspun.internal.file.KernelCopy;
import io.ringspun.internal.file.OpenFile;
import io.ringspun.internal.memory.ScratchMemory;
import io.ringspun.internal.ring.Uninterrupted;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.AccessMode;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.CopyOption;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.nio.file.spi.FileSystemProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Copies and moves files by the rules of the default provider. The content of regular files goes
 * through the ring; everything else is delegated to the default provider.
 */
final class CopyMove {
  private static final int COPY_BYTES = 1 << 17;
  private static final FileSystemProvider JDK = RingFileSystem.JDK_PROVIDER;

  /** Attributes outside the user's namespace, which the JDK keeps too. */
  private static final List<String> SYSTEM_ATTRIBUTES =
      List.of("system.posix_acl_access", "security.capability", "security.selinux");

  private CopyMove() {}

  static void copy(RingPath source, RingPath target, CopyOption... options) throws IOException {
    boolean replace = false;
    boolean keepAttributes = false;
    List<LinkOption> links = new ArrayList<>();
    for (CopyOption option : options) {
      switch (option) {
        case StandardCopyOption.REPLACE_EXISTING -> replace = true;
        case StandardCopyOption.COPY_ATTRIBUTES -> keepAttributes = true;
        case LinkOption link -> links.add(link);
        default -> {
          JDK.copy(source.jdk(), target.jdk(), options); // interruptibly, or it rejects the options
          return;
        }
      }
    }
    FileStat stat = source.stat(FileErrors::ofSource, links.toArray(LinkOption[]::new));
    if (stat.type() != FileStat.FileType.REGULAR) {
      JDK.copy(source.jdk(), target.jdk(), options);
      return;
    }
    try (RingFile in = open(source)) {
      if (makeRoom(stat, target, replace)) {
        copyFile(stat, in, source, target, keepAttributes);
      }
    }
  }

  static void move(RingPath source, RingPath target, CopyOption... options) throws IOException {
    boolean replace = false;
    boolean atomic = false;
    for (CopyOption option : options) {
      switch (option) {
        case StandardCopyOption.REPLACE_EXISTING -> replace = true;
        case StandardCopyOption.ATOMIC_MOVE -> atomic = true;
        case LinkOption _ -> {} // a move never follows the link
        default -> throw new UnsupportedOperationException("Unsupported option: " + option);
      }
    }
    if (atomic) {
      rename(source, target);
      return;
    }
    FileStat stat = source.stat(FileErrors::ofSource, LinkOption.NOFOLLOW_LINKS);
    if (stat.type() == FileStat.FileType.DIRECTORY) {
      JDK.checkAccess(source.jdk(), AccessMode.WRITE);
    }
    if (!makeRoom(stat, target, replace)) {
      return;
    }
    try {
      rename(source, target);
    } catch (AtomicMoveNotSupportedException _) {
      moveAcross(stat, source, target, options);
    }
  }

  private static void rename(RingPath source, RingPath target) throws IOException {
    source.onRing(
        FileErrors::asJdk,
        names -> {
          names.rename(source.jdk(), names, target.jdk(), 0);
          return true;
        });
  }

  /** Moves a file to another file system. The target must not exist. */
  private static void moveAcross(
      FileStat stat, RingPath source, RingPath target, CopyOption... options) throws IOException {
    if (stat.type() != FileStat.FileType.REGULAR) {
      JDK.move(source.jdk(), target.jdk(), options);
      return;
    }
    try (RingFile in = open(source)) {
      copyFile(stat, in, source, target, true);
    }
    try {
      source.delete(false);
    } catch (IOException e) {
      deleteAfter(e, target);
      throw e;
    }
  }

  /**
   * Removes an existing target if it may be replaced.
   *
   * @return false if the target is the source
   * @throws FileAlreadyExistsException if the target exists and must not be replaced
   */
  private static boolean makeRoom(FileStat source, RingPath target, boolean replace)
      throws IOException {
    FileStat taken;
    try {
      taken = target.stat(FileErrors::asJdk, LinkOption.NOFOLLOW_LINKS);
    } catch (FileSystemException _) {
      return true; // it does not exist, or the operation that follows reports the error
    }
    if (RingAttributes.Key.of(taken).equals(RingAttributes.Key.of(source))) {
      return false;
    }
    if (!replace) {
      throw new FileAlreadyExistsException(target.toString());
    }
    try {
      target.delete(taken.type() == FileStat.FileType.DIRECTORY);
    } catch (NoSuchFileException _) {
      // Another process has removed it.
    }
    return true;
  }

  private static RingFile open(RingPath source) throws IOException {
    return open(source, Set.of(StandardOpenOption.READ), OpenFile.DEFAULT_MODE);
  }

  private static RingFile open(RingPath path, Set<StandardOpenOption> options, int mode)
      throws IOException {
    return FileAccess.get()
        .file(
            Uninterrupted.get(
                () -> OpenFile.openAsJdk(path.fileSystem().ring(), path.jdk(), options, mode)));
  }

  /** Copies a regular file. If that fails, the partial copy is deleted. */
  private static void copyFile(
      FileStat stat, RingFile in, RingPath source, RingPath target, boolean keepAttributes)
      throws IOException {
    Set<StandardOpenOption> making =
        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    RingFile out = open(target, making, stat.permissions());
    try (out) {
      copyBytes(in, out, stat.size());
      if (keepAttributes) {
        keepAttributes(stat, in, source, out, target);
      }
    } catch (OperationException e) {
      IOException told = FileErrors.asJdk(source.toString(), target.toString(), e.errno());
      told.initCause(e);
      deleteAfter(told, target);
      throw told;
    } catch (IOException | RuntimeException | Error e) {
      deleteAfter(e, target);
      throw e;
    }
  }

  private static void copyBytes(RingFile in, RingFile out, long size) throws IOException {
    OpenFile from = FileAccess.get().openFile(in);
    OpenFile to = FileAccess.get().openFile(out);
    long byKernel = Uninterrupted.get(() -> KernelCopy.run(from, 0, to, 0, size));
    try (ScratchMemory scratch = ScratchMemory.take(COPY_BYTES)) {
      MemorySegment memory = scratch.segment();
      long done = byKernel;
      while (true) {
        long at = done;
        int n = Uninterrupted.get(() -> in.read(memory, at));
        if (n < 0) {
          return;
        }
        Uninterrupted.run(() -> out.writeFully(memory.asSlice(0, n), at));
        done += n;
      }
    }
  }

  /** Copies attributes. Only failing to set the times is an error. */
  private static void keepAttributes(
      FileStat stat, RingFile in, RingPath source, RingFile out, RingPath target)
      throws IOException {
    Path copy = target.jdk();
    try {
      JDK.setAttribute(copy, "unix:uid", stat.uid());
      JDK.setAttribute(copy, "unix:gid", stat.gid());
      JDK.setAttribute(copy, "unix:mode", stat.permissions());
    } catch (FileSystemException _) {
      // Only root may change the owner.
    }
    for (String name : extendedAttributes(source.jdk())) {
      try {
        var value = Uninterrupted.get(() -> in.xattr(name));
        if (value.isPresent()) {
          Uninterrupted.run(() -> out.setXattr(name, value.get()));
        }
      } catch (OperationException _) {
        // The target's file system does not support this attribute.
      }
    }
    JDK.getFileAttributeView(copy, BasicFileAttributeView.class)
        .setTimes(FileTime.from(stat.modifyTime()), FileTime.from(stat.accessTime()), null);
  }

  private static List<String> extendedAttributes(Path file) {
    List<String> names = new ArrayList<>(SYSTEM_ATTRIBUTES);
    try {
      var view = JDK.getFileAttributeView(file, UserDefinedFileAttributeView.class);
      for (String name : view.list()) {
        names.add("user." + name);
      }
    } catch (IOException _) {
      // The file system does not support these attributes.
    }
    return names;
  }

  private static void deleteAfter(Throwable failure, RingPath incomplete) {
    try {
      incomplete.delete(false);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }
}
