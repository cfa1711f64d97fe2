package io.ringspun.internal.file;

import io.ringspun.file.FileStat;
import io.ringspun.internal.inline.Locality;
import io.ringspun.internal.inline.Mounts;
import io.ringspun.internal.inline.Place;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.OpenHow;
import io.ringspun.internal.kernel.Statx;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.memory.PathMemory;
import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.RawHandle;
import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Operations on paths: open, stat, unlink, rename and others, through the ring unless {@link
 * InlinePathOperations} completes them on the calling thread. Paths are relative to an open
 * directory or to the current one, and have already been checked. Each method makes one call and
 * translates errors to the exceptions of {@link java.nio.file}.
 *
 * @param directory null for the current directory
 * @param home the ring for threads that no ring carries
 * @param errors the translation of errors
 * @param timeoutNanos the time limit for each operation, or 0 for none
 */
public record PathOperations(
    @Nullable RawHandle directory, Engine home, Errors errors, long timeoutNanos) {
  /** With which a directory is opened. */
  public static final int DIRECTORY_FLAGS =
      Constants.O_RDONLY | Constants.O_DIRECTORY | Constants.O_CLOEXEC;

  /** Makes an exception of what the kernel says of one name or of two. */
  public interface Errors {
    IOException of(String path, @Nullable String other, int errno);

    /**
     * Makes an exception of what the kernel says of a file that was to be opened.
     *
     * @param flags the {@code O_} flags
     * @param resolve the {@code RESOLVE_} flags
     */
    default IOException ofOpen(String path, int flags, int resolve, int errno) {
      return of(path, null, errno);
    }
  }

  public PathOperations(@Nullable RawHandle directory, Engine home) {
    this(directory, home, FileErrors.EXPLICIT);
  }

  public PathOperations(@Nullable RawHandle directory, Engine home, Errors errors) {
    this(directory, home, errors, 0);
  }

  /** Returns these operations with another translation of errors. */
  public PathOperations telling(Errors others) {
    return new PathOperations(directory, home, others, timeoutNanos);
  }

  /** Opens a directory from where the names are relative to; more flags than usual may be given. */
  public RawHandle openDirectory(Path path, int flags) throws IOException {
    return new RawHandle(open(path, DIRECTORY_FLAGS | flags, 0, false).number(), false, home);
  }

  /**
   * Something that has just been opened.
   *
   * @param number its descriptor or its slot
   * @param place where it is, or null if that is unknown
   * @param isNonblocking whether it has {@code O_NONBLOCK}, which operations do not expect
   */
  public record Opened(int number, @Nullable Place place, boolean isNonblocking) {}

  /**
   * Opens a file by openat(2), and waits for the other end of a FIFO.
   *
   * @param registered whether to put it into the home ring's table
   * @return its descriptor or its slot
   */
  public Opened open(Path name, int flags, int mode, boolean registered) throws IOException {
    int result = openInline(name, flags, mode, 0, registered);
    if (result >= 0) {
      return awaited(name, result, flags, true);
    }
    try (PathMemory path = PathMemory.of(name)) {
      return open(
          name,
          flags,
          0,
          registered,
          lacksReader(result, flags),
          path,
          (op, at) -> {
            if (registered) {
              op.openatRegistered(at, path.address(), flags, mode);
            } else {
              op.openat(at, path.address(), flags, mode);
            }
          });
    }
  }

  /**
   * Opens a file by openat2(2), and waits for the other end of a FIFO.
   *
   * @param resolve {@code RESOLVE_} flags
   * @param registered whether to put it into the home ring's table
   * @return its descriptor or its slot
   */
  public Opened openWithin(Path name, int flags, int mode, int resolve, boolean registered)
      throws IOException {
    int result = openInline(name, flags, mode, resolve, registered);
    if (result >= 0) {
      return awaited(name, result, flags, true);
    }
    try (NativePool.Block how = NativePool.take(OpenHow.SIZE_BYTES);
        PathMemory path = PathMemory.of(name)) {
      OpenHow.write(how.memory(), flags, OpenFlags.openat2Mode(flags, mode), resolve);
      return open(
          name,
          flags,
          resolve,
          registered,
          lacksReader(result, flags),
          new Object[] {path, how},
          (op, at) -> {
            if (registered) {
              op.openat2Registered(at, path.address(), how.address());
            } else {
              op.openat2(at, path.address(), how.address());
            }
            op.repeatable(); // EAGAIN: something on the way was renamed meanwhile
          });
    }
  }

  /**
   * Opens a file on the calling thread.
   *
   * @return its descriptor, or a negative number if the ring is to open it
   */
  private int openInline(Path name, int flags, int mode, int resolve, boolean registered)
      throws IOException {
    if (registered) {
      return InlinePathOperations.UNDECIDED;
    }
    Engine engine = engine();
    int result = InlinePathOperations.open(engine, directory, name, flags, mode, resolve);
    if (result == InlinePathOperations.UNDECIDED || lacksReader(result, flags)) {
      return result;
    }
    return checkOpen(name, flags, resolve, false, result);
  }

  /** Returns whether an open that may wait was refused because it is a FIFO that nobody reads. */
  private static boolean lacksReader(int result, int flags) {
    int asked = flags & (Constants.O_ACCMODE | Constants.O_NONBLOCK);
    return result == -Errno.ENXIO && asked == Constants.O_WRONLY;
  }

  /**
   * Looks what a descriptor is of, and if it is a FIFO's for reading, waits for a writer. What was
   * opened with {@code O_NONBLOCK} keeps it if it is a file of this machine, which does not mind.
   * If the caller has asked for it, there is nothing to wait for, and whoever needs to know will
   * look.
   */
  private Opened awaited(Path name, int fd, int flags, boolean isNonblocking) throws IOException {
    if ((flags & (Constants.O_DIRECTORY | Constants.O_PATH)) != 0) {
      return new Opened(fd, new Place(Locality.ELSEWHERE, 0), false);
    }
    if ((flags & Constants.O_NONBLOCK) != 0) {
      return new Opened(fd, null, true);
    }
    Engine engine = engine();
    boolean mustAsk = !isNonblocking || directory != null || !Mounts.isSurelyLocal(name);
    if (!mustAsk && (isNew(flags) || isSeekableForReading(fd, flags))) {
      return new Opened(fd, Place.UNASKED, true); // to ask would take as long as to close
    }
    Place place = engine.inline().place(fd);
    boolean isLocal = place.locality() == Locality.LOCAL;
    if (isNonblocking && !isLocal) {
      engine.kernel().call(SystemCall.FCNTL, fd, Constants.F_SETFL, flags);
    }
    if (place.locality() == Locality.PIPE && (flags & Constants.O_ACCMODE) == Constants.O_RDONLY) {
      awaitWriter(engine, fd, flags);
    }
    return new Opened(fd, place, isNonblocking && isLocal);
  }

  /** Returns whether a file was made, which is a regular one then. */
  private static boolean isNew(int flags) {
    int made = Constants.O_CREAT | Constants.O_EXCL;
    return (flags & made) == made;
  }

  /** Returns whether it is not a FIFO, nor anything else whose readers wait for a writer. */
  private boolean isSeekableForReading(int fd, int flags) {
    return (flags & Constants.O_ACCMODE) == Constants.O_RDONLY && engine().inline().isSeekable(fd);
  }

  /**
   * Opens a file. The kernel makes its first attempt with {@code O_NONBLOCK}, so a FIFO whose other
   * end is not open is refused to a writer, and opened for a reader at once. The caller must see
   * neither: a writer's open is retried on a worker, which may wait, and a reader's open waits for
   * a writer. A slot of the table does not tell whether it holds a FIFO, so a worker opens it from
   * the start.
   */
  private Opened open(
      Path name,
      int flags,
      int resolve,
      boolean registered,
      boolean lacksReader,
      Object lent,
      Operation.Encoder encoder)
      throws IOException {
    Engine engine = engine(registered, name);
    int access = flags & Constants.O_ACCMODE;
    int number = -1;
    try {
      boolean waits = registered && access == Constants.O_RDONLY;
      int result = lacksReader ? -Errno.ENXIO : attempt(engine, lent, encoder, waits);
      if (lacksReader(result, flags)) {
        result = engine.withOneMoreWorker(() -> attempt(engine, lent, encoder, true));
      }
      number = checkOpen(name, flags, resolve, registered, result);
    } finally {
      giveUpSlot(registered, number);
    }
    return registered ? new Opened(number, null, false) : awaited(name, number, flags, false);
  }

  /**
   * Runs one of the attempts to open a file.
   *
   * @param waits whether a worker makes the attempt, which may wait
   */
  private int attempt(Engine engine, Object lent, Operation.Encoder encoder, boolean waits)
      throws IOException {
    Operation operation = single(engine).lending(lent).encode(encoder);
    if (waits) {
      operation.openEnded().async();
    }
    return operation.run();
  }

  /**
   * Waits until a FIFO that is open for reading has had a writer. A second open returns when a
   * writer opens the FIFO, and a poll ends when a writer has already come and gone.
   */
  private void awaitWriter(Engine engine, int fd, int flags) throws IOException {
    boolean hasHadWriter = false;
    try (PathMemory path = PathMemory.of(Path.of("/proc/self/fd/" + fd))) {
      Call call = Call.race(2).within(timeoutNanos);
      call.operation(0).openEnded().pollAdd(fd, Constants.POLLIN, 0);
      Operation opening = call.operation(1).lending(path).openEnded();
      opening.openat(Constants.AT_FDCWD, path.address(), flags & ~Constants.O_NOFOLLOW, 0);
      opening.async();
      engine.withOneMoreWorker(
          () -> {
            engine.runAll(call);
            return call;
          });
      int opened = opening.result();
      if (opened >= 0) {
        engine.closer().close(opened);
      } else { // it may not be allowed to be opened once more
        FileErrors.check("poll", engine.result(call, 0));
      }
      hasHadWriter = true;
    } finally {
      if (!hasHadWriter) {
        engine.closer().close(fd);
      }
    }
  }

  private int checkOpen(Path name, int flags, int resolve, boolean registered, int result)
      throws IOException {
    if (registered && result == -Errno.ENFILE) {
      throw FileErrors.ofFullTable(name.toString(), home.files().slots());
    }
    if (result < 0) {
      throw errors.ofOpen(name.toString(), flags, resolve, -result);
    }
    return result;
  }

  public FileStat stat(Path name, int flags) throws IOException {
    Engine engine = engine();
    return switch (InlinePathOperations.stat(engine, directory, name, flags)) {
      case InlinePathOperations.Found.Attributes(FileStat stat) -> stat;
      case InlinePathOperations.Found.Refusal(int result) -> {
        if (result != InlinePathOperations.UNDECIDED) {
          check(name, result);
        }
        yield statOnRing(engine, name, flags);
      }
    };
  }

  private FileStat statOnRing(Engine engine, Path name, int flags) throws IOException {
    try (NativePool.Block block = NativePool.take(Statx.SIZE_BYTES);
        PathMemory path = PathMemory.of(name)) {
      int mask = Statx.ALL;
      check(
          name,
          single(engine)
              .lending(path, block)
              .run((op, at) -> op.statx(at, path.address(), flags, mask, block.address())));
      return FileStat.of(block.memory());
    }
  }

  /**
   * Looks on the calling thread whether there is a file.
   *
   * @return 0 if there is, unless it is not {@linkplain #isDecided decided}
   */
  public static int existsInline(Engine home, Path name, int flags) throws IOException {
    return InlinePathOperations.exists(here(home), null, name, flags);
  }

  /** Returns whether an answer from the calling thread is one, so that no ring need be asked. */
  public static boolean isDecided(int result) {
    return result != InlinePathOperations.UNDECIDED;
  }

  /** Has the ring look whether there is a file of this name, as far as the kernel tells. */
  public boolean existsOnRing(Path name, int flags) throws IOException {
    try (NativePool.Block block = NativePool.take(Statx.SIZE_BYTES);
        PathMemory path = PathMemory.of(name)) {
      return single()
              .lending(path, block)
              .run((op, at) -> op.statx(at, path.address(), flags, 0, block.address()))
          == 0;
    }
  }

  /** Removes a name; with {@code AT_REMOVEDIR} that of an empty directory. */
  public void unlink(Path name, int flags) throws IOException {
    check(name, unlinked(name, flags));
  }

  /**
   * Removes the name of a file that is to be deleted on close. At once, as the JDK does: by then
   * the name may lead to another file. It is a best effort.
   */
  public void unlinkIfPossible(Path name) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      unlinked(name, 0);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private int unlinked(Path name, int flags) throws IOException {
    Engine engine = engine();
    int result = InlinePathOperations.unlink(engine, directory, name, flags);
    if (result != InlinePathOperations.UNDECIDED) {
      return result;
    }
    try (PathMemory path = PathMemory.of(name)) {
      return single(engine).lending(path).run((op, at) -> op.unlinkat(at, path.address(), flags));
    }
  }

  public void mkdir(Path name, int mode) throws IOException {
    Engine engine = engine();
    int result = InlinePathOperations.mkdir(engine, directory, name, mode);
    if (result == InlinePathOperations.UNDECIDED) {
      try (PathMemory path = PathMemory.of(name)) {
        result = single(engine).lending(path).run((op, at) -> op.mkdirat(at, path.address(), mode));
      }
    }
    check(name, result);
  }

  public void symlink(Path target, Path link) throws IOException {
    Engine engine = engine();
    int result = InlinePathOperations.symlink(engine, directory, target, link);
    if (result == InlinePathOperations.UNDECIDED) {
      try (PathMemory content = PathMemory.of(target);
          PathMemory path = PathMemory.of(link)) {
        result =
            single(engine)
                .lending(content, path)
                .run((op, at) -> op.symlinkat(content.address(), at, path.address()));
      }
    }
    check(link, result);
  }

  public void rename(Path name, PathOperations newPlace, Path newName, int flags)
      throws IOException {
    Engine engine = engine();
    int result =
        InlinePathOperations.rename(engine, directory, name, newPlace.directory, newName, flags);
    if (result == InlinePathOperations.UNDECIDED) {
      try (PathMemory path = PathMemory.of(name);
          PathMemory newPath = PathMemory.of(newName)) {
        result =
            single(engine)
                .with(newPlace.directory)
                .lending(path, newPath)
                .run(
                    (op, at) ->
                        op.renameat(at, path.address(), newPlace.at(), newPath.address(), flags));
      }
    }
    if (result == -Errno.EXDEV) {
      throw new AtomicMoveNotSupportedException(
          name.toString(), newName.toString(), Errno.text(Errno.EXDEV));
    }
    check(name, newName, result);
  }

  public void link(Path name, PathOperations newPlace, Path newName) throws IOException {
    Engine engine = engine();
    int result = InlinePathOperations.link(engine, directory, name, newPlace.directory, newName);
    if (result == InlinePathOperations.UNDECIDED) {
      try (PathMemory path = PathMemory.of(name);
          PathMemory newPath = PathMemory.of(newName)) {
        result =
            single(engine)
                .with(newPlace.directory)
                .lending(path, newPath)
                .run(
                    (op, at) -> op.linkat(at, path.address(), newPlace.at(), newPath.address(), 0));
      }
    }
    check(name, newName, result);
  }

  public Optional<byte[]> xattr(Path name, String attribute) throws IOException {
    XattrMemory.requireName(attribute);
    if (directory == null) { // getxattr takes none
      InlinePathOperations.Xattr found = InlinePathOperations.xattr(engine(), name, attribute);
      if (found.result() != InlinePathOperations.UNDECIDED) {
        return found(name, found.result(), found::value);
      }
    }
    try (XattrMemory memory = XattrMemory.toGet(attribute);
        PathMemory path = pathOfItsOwn(name)) {
      int n =
          single()
              .lending(path, memory)
              .run(
                  (op, _) ->
                      op.getxattr(path.address(), memory.name(), memory.value(), memory.length()));
      return found(name, n, () -> memory.bytes(n));
    }
  }

  private Optional<byte[]> found(Path name, int result, Supplier<byte[]> value) throws IOException {
    if (result == -Errno.ENODATA) {
      return Optional.empty();
    }
    check(name, result);
    return Optional.of(value.get());
  }

  public void setXattr(Path name, String attribute, byte[] value) throws IOException {
    XattrMemory.requireName(attribute);
    int result =
        directory == null // setxattr takes none
            ? InlinePathOperations.setXattr(engine(), name, attribute, value)
            : InlinePathOperations.UNDECIDED;
    if (result == InlinePathOperations.UNDECIDED) {
      try (XattrMemory memory = XattrMemory.toSet(attribute, value);
          PathMemory path = pathOfItsOwn(name)) {
        result =
            single()
                .lending(path, memory)
                .run(
                    (op, _) ->
                        op.setxattr(
                            path.address(), memory.name(), memory.value(), memory.length(), 0));
      }
    }
    check(name, result);
  }

  /**
   * Sets when a file was last modified and accessed, if that can be done on the calling thread;
   * io_uring has no such operation.
   *
   * @param modified null to leave that time as it is
   * @param accessed null to leave that time as it is
   * @param flags 0 or {@code AT_SYMLINK_NOFOLLOW}
   * @return false if nothing was done
   */
  public boolean setTimes(
      Path name, @Nullable FileTime modified, @Nullable FileTime accessed, int flags)
      throws IOException {
    int result = InlinePathOperations.setTimes(engine(), name, accessed, modified, flags);
    if (result == InlinePathOperations.UNDECIDED || result == -Errno.EINVAL) {
      return false;
    }
    check(name, result);
    return true;
  }

  /** For operations that take no directory: the kernel's own link to it leads there. */
  private PathMemory pathOfItsOwn(Path name) {
    RawHandle handle = directory;
    return handle == null
        ? PathMemory.of(name)
        : PathMemory.of("/proc/self/fd/" + handle.fd() + "/", name);
  }

  // ---- the call ------------------------------------------------------------------------------

  private Engine engine() {
    RawHandle handle = directory;
    if (handle != null) {
      return handle.engine();
    }
    return here(home);
  }

  private static Engine here(Engine home) {
    Engine carrier = Engine.carryingCurrentThread();
    return carrier != null ? carrier : home;
  }

  /** Returns the ring to open a file on; it keeps a slot for one that is to be registered. */
  private Engine engine(boolean registered, Path name) throws IOException {
    if (!registered) {
      return engine();
    }
    if (!home.files().reserve()) {
      throw FileErrors.ofFullTable(name.toString(), home.files().slots());
    }
    return home;
  }

  private void giveUpSlot(boolean registered, int number) {
    if (registered && number < 0) {
      home.files().unreserve();
    }
  }

  private Operation single() {
    return single(engine());
  }

  /** Returns a blank operation on names relative to the directory. */
  private Operation single(Engine engine) {
    return engine.single().on(directory).within(timeoutNanos);
  }

  /** Returns what stands for the directory in an operation on names in two. */
  private int at() {
    RawHandle handle = directory;
    return handle == null ? Constants.AT_FDCWD : handle.fd();
  }

  private int check(Path name, int result) throws IOException {
    return check(name, null, result);
  }

  private int check(Path name, @Nullable Path other, int result) throws IOException {
    if (result < 0) {
      throw errors.of(name.toString(), other == null ? null : other.toString(), -result);
    }
    return result;
  }
}
