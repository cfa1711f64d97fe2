package io.ringspun.file;

import static io.ringspun.internal.kernel.Constants.IORING_OP_RENAMEAT;
import static io.ringspun.internal.kernel.Constants.IORING_OP_UNLINKAT;
import static java.nio.file.StandardOpenOption.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.OperationException;
import io.ringspun.Outcomes;
import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.Step;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.raw.Raw;
import io.ringspun.raw.RawOperation;
import io.ringspun.raw.TableSlot;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Fifo;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Operations on files and names as steps of chains. */
class FileStepsTest {
  private static final Path NAME = Path.of("name");
  private static final Path OTHER = Path.of("other");
  private static final Path NONE = Path.of("none");

  @TempDir private Path root;

  private final MemorySegment bytes = Arena.ofAuto().allocateFrom("ringspun").asSlice(0, 8);
  private final MemorySegment stat = Arena.ofAuto().allocate(FileStat.BYTES, 8);
  private Ring ring;
  private RingDirectory directory;
  private TableSlot slot;

  @BeforeEach
  void open() throws IOException {
    ring = Ring.open(RingOptions.defaults().withRegisteredFiles(4));
    directory = RingDirectory.open(ring, root);
    slot = Raw.of(ring).tableSlot();
  }

  @AfterEach
  void close() throws IOException {
    slot.close();
    directory.close(); // hangs if a step has kept its hold on it
    ring.close();
    assertEquals(0, ring.metrics().inFlight());
  }

  // ---- what succeeds -------------------------------------------------------------------------

  /** A file comes into being in a directory of its own, whole and durable, in one trip. */
  @ParameterizedTest
  @EachCaller
  void paths(Caller caller) throws Exception {
    Path folder = root.resolve("folder");
    Path fresh = folder.resolve("fresh");
    Path done = folder.resolve("done");
    Path again = folder.resolve("again");
    Path way = folder.resolve("way");
    Outcomes result =
        caller.call(
            ring,
            () ->
                ring.chain()
                    .add(FileSteps.mkdir(folder))
                    .add(FileSteps.open(slot, fresh, CREATE_NEW, WRITE))
                    .add(FileSteps.allocate(slot, 0, 4096))
                    .write(slot, bytes, 0)
                    .add(FileSteps.truncate(slot, 5))
                    .add(FileSteps.advise(slot, 0, 0, AccessPattern.DONTNEED))
                    .fsync(slot)
                    .add(slot.closeStep().evenIfPreviousFailed())
                    .add(FileSteps.rename(fresh, done))
                    .add(FileSteps.link(done, again))
                    .add(FileSteps.symlink(Path.of("done"), way))
                    .add(FileSteps.stat(way, stat))
                    .attempt());
    result.orThrow();
    assertEquals(FileStat.FileType.REGULAR, FileStat.of(stat).type());
    assertEquals(5, FileStat.of(stat).size());
    assertEquals(2, FileStat.of(stat).links());
    assertEquals("rings", Files.readString(way));
    assertFalse(Files.exists(fresh));
    caller
        .call(
            ring,
            () ->
                ring.chain()
                    .add(FileSteps.stat(way, stat, LinkOption.NOFOLLOW_LINKS))
                    .add(FileSteps.unlink(way))
                    .add(FileSteps.unlink(done))
                    .add(FileSteps.unlink(again))
                    .add(FileSteps.rmdir(folder))
                    .attempt())
        .orThrow();
    assertEquals(FileStat.FileType.SYMBOLIC_LINK, FileStat.of(stat).type());
    assertFalse(Files.exists(folder));
  }

  /** The same by names, from one directory to another. */
  @ParameterizedTest
  @EachCaller
  void names(Caller caller) throws Exception {
    Path folder = Files.createDirectory(root.resolve("folder"));
    Path inner = folder.resolve("inner");
    var mode = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    try (RingDirectory second = RingDirectory.open(ring, folder)) {
      caller
          .call(
              ring,
              () ->
                  ring.chain()
                      .add(FileSteps.mkdir(second, Path.of("inner"), mode))
                      .add(FileSteps.open(slot, directory, NAME, CREATE, WRITE, Resolve.BENEATH))
                      .write(slot, bytes, 0)
                      .add(slot.closeStep())
                      .add(FileSteps.rename(directory, NAME, second, OTHER))
                      .add(FileSteps.link(second, OTHER, directory, NAME))
                      .add(FileSteps.symlink(NAME, directory, Path.of("way")))
                      .add(FileSteps.stat(directory, Path.of("way"), stat))
                      .add(FileSteps.unlink(second, OTHER))
                      .attempt())
          .orThrow();
      assertEquals(8, FileStat.of(stat).size());
      assertEquals("ringspun", Files.readString(root.resolve("way")));
      assertFalse(Files.exists(folder.resolve(OTHER)));
      assertEquals(mode.value(), Files.getPosixFilePermissions(inner));
      Step rename = FileSteps.rename(directory, NAME, directory, OTHER, RenameOption.NOREPLACE);
      ring.chain()
          .add(FileSteps.rmdir(second, Path.of("inner")))
          .add(rename)
          .add(FileSteps.stat(directory, Path.of(""), stat))
          .run();
      assertFalse(Files.exists(inner));
      assertTrue(Files.exists(root.resolve(OTHER)));
      assertEquals(FileStat.FileType.DIRECTORY, FileStat.of(stat).type());
    }
  }

  /** A step may run again, and by itself. */
  @Test
  void step_again() throws Exception {
    Step make = FileSteps.mkdir(directory, NAME);
    Step remove = FileSteps.rmdir(directory, NAME);
    ring.chain().add(make).add(remove).add(make).run();
    ring.run(remove);
    assertFalse(Files.exists(root.resolve(NAME)));
    var e = assertThrows(OperationException.class, () -> ring.run(remove));
    assertEquals("unlinkat", e.operation());
  }

  // ---- what fails ----------------------------------------------------------------------------

  private interface Source {
    Step of(FileStepsTest test) throws IOException;
  }

  private static Arguments failing(String operation, int errno, Source source) {
    return Arguments.of(operation, errno, source);
  }

  static Stream<Arguments> failures() {
    return Stream.of(
        failing("openat", Errno.ENOENT, t -> FileSteps.open(t.slot, t.root.resolve(NONE))),
        failing("openat2", Errno.ENOENT, t -> FileSteps.open(t.slot, t.directory, NONE)),
        failing(
            "openat2",
            Errno.EXDEV,
            t -> FileSteps.open(t.slot, t.directory, Path.of("../x"), READ, Resolve.BENEATH)),
        failing("fallocate", Errno.EBADF, t -> FileSteps.allocate(t.readOnly(), 0, 10)),
        failing("ftruncate", Errno.EINVAL, t -> FileSteps.truncate(t.readOnly(), 10)),
        failing(
            "fadvise", Errno.ESPIPE, t -> FileSteps.advise(t.pipe(), 0, 0, AccessPattern.RANDOM)),
        failing("statx", Errno.ENOENT, t -> FileSteps.stat(t.root.resolve(NONE), t.stat)),
        failing("statx", Errno.ENOENT, t -> FileSteps.stat(t.directory, NONE, t.stat)),
        failing("mkdirat", Errno.EEXIST, t -> FileSteps.mkdir(t.root)),
        failing("mkdirat", Errno.EEXIST, t -> FileSteps.mkdir(t.directory, NAME)),
        failing("unlinkat", Errno.ENOENT, t -> FileSteps.unlink(t.root.resolve(NONE))),
        failing("unlinkat", Errno.EISDIR, t -> FileSteps.unlink(t.directory, Path.of("full"))),
        failing("unlinkat", Errno.ENOTEMPTY, t -> FileSteps.rmdir(t.root.resolve("full"))),
        failing("unlinkat", Errno.ENOTDIR, t -> FileSteps.rmdir(t.directory, NAME)),
        failing(
            "renameat",
            Errno.ENOENT,
            t -> FileSteps.rename(t.root.resolve(NONE), t.root.resolve(OTHER))),
        failing(
            "renameat",
            Errno.EEXIST,
            t -> FileSteps.rename(t.directory, NAME, t.directory, NAME, RenameOption.NOREPLACE)),
        failing(
            "linkat",
            Errno.ENOENT,
            t -> FileSteps.link(t.root.resolve(NONE), t.root.resolve(OTHER))),
        failing("linkat", Errno.EEXIST, t -> FileSteps.link(t.directory, NAME, t.directory, NAME)),
        failing("symlinkat", Errno.EEXIST, t -> FileSteps.symlink(NONE, t.root.resolve(NAME))),
        failing("symlinkat", Errno.EEXIST, t -> FileSteps.symlink(NONE, t.directory, NAME)));
  }

  /** Returns the slot with a file in it that is open for reading only. */
  private TableSlot readOnly() throws IOException {
    ring.run(FileSteps.open(slot, directory, NAME));
    return slot;
  }

  private TableSlot pipe() throws IOException {
    Fifo.make(root.resolve("pipe"));
    ring.run(FileSteps.open(slot, root.resolve("pipe"), READ, WRITE));
    return slot;
  }

  /** What stands behind a failure, soft, is not done; behind a hard link it is. */
  @ParameterizedTest(name = "{0} {1} {index}")
  @MethodSource("failures")
  void failure_breaksTheChain(String operation, int errno, Source source) throws Exception {
    Files.createDirectories(root.resolve("full").resolve("inner"));
    Files.createFile(root.resolve(NAME));
    Path witness = root.resolve("witness");
    try (RingFile file = RingFile.open(ring, witness, CREATE_NEW, WRITE)) {
      Step failing = source.of(this);
      Outcomes result = ring.chain().add(failing).write(file, bytes, 0).nop().attempt();
      assertEquals(0, result.firstFailure().orElseThrow().position());
      assertTrue(result.get(1).isCancelled() && result.get(2).isCancelled());
      assertEquals(0, Files.size(witness));
      var e = assertThrows(OperationException.class, result::orThrow);
      assertEquals(operation, e.operation());
      assertEquals(errno, e.errno(), e.errnoName());
      result =
          ring.chain()
              .nop()
              .add(failing)
              .add(Step.write(file, bytes, 0).evenIfPreviousFailed())
              .attempt();
      assertEquals(1, result.firstFailure().orElseThrow().position());
      assertTrue(result.get(2).succeeded());
      assertEquals(8, Files.size(witness));
    }
  }

  /** Something that the kernel would not even look at. */
  @Test
  void refusedAtOnce() throws Exception {
    Path file = Files.writeString(root.resolve(NAME), "content");
    MemorySegment small = Arena.ofAuto().allocate(FileStat.BYTES - 1, 8);
    MemorySegment askew = Arena.ofAuto().allocate(FileStat.BYTES + 8, 8).asSlice(4);
    Path foreign = RingFileSystems.wrap(ring, file);
    try (RingFile open = RingFile.open(ring, file);
        RingFile registered = RingFile.open(ring, file, RingOpenOption.REGISTERED)) {
      for (Executable wrong :
          List.<Executable>of(
              () -> FileSteps.open(slot, file, READ, DELETE_ON_CLOSE),
              () -> FileSteps.open(slot, file, READ, APPEND),
              () -> FileSteps.open(slot, file, READ, RingOpenOption.TMPFILE),
              () -> FileSteps.open(slot, directory, NAME, Resolve.BENEATH, Resolve.IN_ROOT),
              () -> FileSteps.open(slot, directory, file),
              () -> FileSteps.stat(file, small),
              () -> FileSteps.stat(file, askew),
              () -> FileSteps.stat(directory, file, stat),
              () -> FileSteps.mkdir(directory, file),
              () -> FileSteps.unlink(directory, file),
              () -> FileSteps.rmdir(directory, file),
              () -> FileSteps.rename(directory, NAME, directory, file),
              () -> FileSteps.rename(file, file, RenameOption.NOREPLACE, RenameOption.EXCHANGE),
              () -> FileSteps.link(directory, file, directory, NAME),
              () -> FileSteps.symlink(Path.of(""), file),
              () -> FileSteps.symlink(NAME, directory, file),
              () -> FileSteps.allocate(slot, 0, 0),
              () -> FileSteps.allocate(slot, -1, 1),
              () -> FileSteps.truncate(slot, -1),
              () -> FileSteps.advise(slot, 0, -1, AccessPattern.NORMAL),
              () -> FileSteps.advise(slot, Long.MAX_VALUE, 1, AccessPattern.NORMAL),
              () -> RawOperation.of(IORING_OP_RENAMEAT).movingTo(registered),
              () -> RawOperation.of(IORING_OP_UNLINKAT).movingTo(directory))) {
        assertThrows(IllegalArgumentException.class, wrong);
      }
      for (Executable wrong :
          List.<Executable>of(
              () -> FileSteps.open(slot, foreign),
              () -> FileSteps.rename(file, foreign),
              () -> FileSteps.symlink(foreign, file))) {
        assertThrows(ProviderMismatchException.class, wrong);
      }
      assertThrows(NonWritableChannelException.class, () -> FileSteps.truncate(open, 1));
      assertThrows(NonWritableChannelException.class, () -> FileSteps.allocate(open, 0, 1));
    }
    assertEquals("content", Files.readString(file));
  }

  /** Both directories must be open, and are let go of. */
  @Test
  void rename_closedDirectory() throws Exception {
    Files.createFile(root.resolve(NAME));
    RingDirectory closed = RingDirectory.open(ring, root);
    closed.close();
    for (Step step :
        List.of(
            FileSteps.rename(directory, NAME, closed, OTHER),
            FileSteps.rename(closed, NAME, directory, OTHER),
            FileSteps.link(directory, NAME, closed, OTHER))) {
      assertThrows(ClosedChannelException.class, () -> ring.run(step));
      assertThrows(ClosedChannelException.class, ring.chain().nop().add(step)::run);
    }
    assertFalse(Files.exists(root.resolve(OTHER)));
  }
}
