package io.ringspun.file;

import static io.ringspun.internal.kernel.Constants.IORING_OP_GETXATTR;
import static io.ringspun.internal.kernel.Constants.IORING_OP_LINKAT;
import static io.ringspun.internal.kernel.Constants.IORING_OP_MKDIRAT;
import static io.ringspun.internal.kernel.Constants.IORING_OP_OPENAT2;
import static io.ringspun.internal.kernel.Constants.IORING_OP_RENAMEAT;
import static io.ringspun.internal.kernel.Constants.IORING_OP_SETXATTR;
import static io.ringspun.internal.kernel.Constants.IORING_OP_STATX;
import static io.ringspun.internal.kernel.Constants.IORING_OP_SYMLINKAT;
import static io.ringspun.internal.kernel.Constants.IORING_OP_UNLINKAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.Ring;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.LeakCheck;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/** Each operation on names refused with each error: told truly, done not at all, nothing lost. */
@ExtendWith(LeakCheck.class)
class RingDirectoryFaultTest {
  private static final int RETRIES_MAX = 8;
  private static final Path FILE = Path.of("file");
  private static final Path NEW = Path.of("new");

  private static final Map<Integer, Class<? extends FileSystemException>> ERRORS =
      Map.of(
          Errno.ENOENT, NoSuchFileException.class,
          Errno.EEXIST, FileAlreadyExistsException.class,
          Errno.EACCES, AccessDeniedException.class,
          Errno.EPERM, AccessDeniedException.class,
          Errno.ENOTEMPTY, DirectoryNotEmptyException.class,
          Errno.ELOOP, FileSystemException.class,
          Errno.EIO, FileSystemException.class,
          Errno.ENOSPC, FileSystemException.class,
          Errno.EROFS, FileSystemException.class,
          Errno.EINVAL, FileSystemException.class);

  private final FaultKernel kernel = new FaultKernel();
  private Path root;

  private record Refused(int opcode, Caller.Action action) {}

  @BeforeEach
  void prepare(@TempDir Path directory) throws IOException {
    root = directory;
    Files.writeString(root.resolve(FILE), "content");
  }

  @ParameterizedTest
  @EachCaller
  void each_refused(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingDirectory directory = RingDirectory.open(ring, root)) {
      List<Refused> all =
          List.of(
              new Refused(IORING_OP_OPENAT2, () -> directory.openFile(FILE).close()),
              new Refused(IORING_OP_OPENAT2, () -> directory.openDirectory(Path.of("")).close()),
              new Refused(IORING_OP_STATX, () -> directory.stat(FILE)),
              new Refused(IORING_OP_RENAMEAT, () -> directory.rename(FILE, NEW)),
              new Refused(IORING_OP_LINKAT, () -> directory.link(FILE, NEW)),
              new Refused(IORING_OP_SYMLINKAT, () -> directory.symlink(FILE, NEW)),
              new Refused(IORING_OP_MKDIRAT, () -> directory.mkdir(NEW)),
              new Refused(IORING_OP_UNLINKAT, () -> directory.unlink(FILE)),
              new Refused(IORING_OP_UNLINKAT, () -> directory.rmdir(FILE)),
              new Refused(IORING_OP_GETXATTR, () -> directory.xattr(FILE, "user.a")),
              new Refused(
                  IORING_OP_SETXATTR, () -> directory.setXattr(FILE, "user.a", new byte[1])));
      for (Refused refused : all) {
        for (var error : ERRORS.entrySet()) {
          kernel.clear();
          FaultRule rule = kernel.add(FaultRule.on(refused.opcode).times(1).fail(error.getKey()));
          FileSystemException e =
              assertThrows(FileSystemException.class, () -> caller.run(ring, refused.action));
          // A rename that may replace what is there meets EEXIST where a directory is not empty.
          boolean isFull = refused.opcode == IORING_OP_RENAMEAT && error.getKey() == Errno.EEXIST;
          assertEquals(
              isFull ? DirectoryNotEmptyException.class : error.getValue(),
              e.getClass(),
              Errno.name(error.getKey()));
          assertEquals(1, rule.hits());
          assertEquals("content", Files.readString(root.resolve(FILE)));
          assertEquals(0, ring.metrics().inFlight());
        }
      }
      kernel.clear();
      for (int i : new int[] {0, 2, 4, 7}) { // as if nothing had been
        Files.deleteIfExists(root.resolve(NEW));
        caller.run(ring, all.get(i).action);
      }
    }
  }

  /** The kernel says EAGAIN where a directory on the way was renamed, and means it. */
  @ParameterizedTest
  @EachCaller
  void openat2_again(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingDirectory directory = RingDirectory.open(ring, root)) {
      FaultRule few = kernel.add(FaultRule.on(IORING_OP_OPENAT2).times(3).fail(Errno.EAGAIN));
      caller.run(ring, () -> directory.openFile(FILE, Resolve.BENEATH).close());
      assertEquals(3, few.hits());
      kernel.clear();
      FaultRule ever = kernel.add(FaultRule.on(IORING_OP_OPENAT2).fail(Errno.EAGAIN));
      FileSystemException e =
          assertThrows(
              FileSystemException.class,
              () -> caller.run(ring, () -> directory.openFile(FILE, Resolve.BENEATH)));
      assertTrue(e.getReason().contains("renamed"), e::getReason);
      assertEquals(1 + RETRIES_MAX, ever.hits());
    }
  }

  /** What has no errno of its own in {@link java.nio.file} keeps its name in the text. */
  @ParameterizedTest
  @EachCaller
  void message_hasTheNumber(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingDirectory directory = RingDirectory.open(ring, root)) {
      kernel.add(FaultRule.on(IORING_OP_MKDIRAT).fail(Errno.ENOSPC));
      IOException e =
          assertThrows(IOException.class, () -> caller.run(ring, () -> directory.mkdir(NEW)));
      FileSystemException told = assertInstanceOf(FileSystemException.class, e);
      assertEquals("new", told.getFile());
      assertTrue(told.getReason().contains("ENOSPC"), told::getReason);
    }
  }
}
