package io.ringspun.internal.filesystem;

import io.ringspun.file.FileStat;
import io.ringspun.internal.file.FileErrors;
import io.ringspun.internal.file.PathOperations;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.Uninterrupted;
import java.io.IOException;
import java.net.URI;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A path of the default file system with a home ring.
 *
 * @param fileSystem the file system, which has the ring
 * @param jdk the same path of the default file system
 */
public record RingPath(RingFileSystem fileSystem, Path jdk) implements Path {

  /**
   * Casts a path to a ring path.
   *
   * @throws ProviderMismatchException if the path belongs to another provider
   */
  static RingPath of(Path path) {
    if (Objects.requireNonNull(path) instanceof RingPath ours) {
      return ours;
    }
    throw new ProviderMismatchException(path + " is no ring path");
  }

  private Path like(Path path) {
    return fileSystem.wrap(path);
  }

  private @Nullable Path likeIfAny(@Nullable Path path) {
    return path == null ? null : like(path);
  }

  // ---- operations on the ring -----------------------------------------------------------------

  /** An operation on a name. */
  interface Action<T> {
    T run(PathOperations paths) throws IOException;
  }

  /** Runs an operation on the ring; a pending interrupt does not cancel it. */
  <T> T onRing(PathOperations.Errors errors, Action<T> action) throws IOException {
    return Uninterrupted.get(
        () -> action.run(new PathOperations(null, EngineAccess.of(fileSystem.ring()), errors)));
  }

  /** Returns whether calls are delegated to the JDK because no ring is available. */
  boolean isDelegated() throws IOException {
    return fileSystem.fallback().isPresent();
  }

  FileStat stat(PathOperations.Errors errors, LinkOption... options) throws IOException {
    int flags = follows(options) ? 0 : Constants.AT_SYMLINK_NOFOLLOW;
    return onRing(errors, paths -> paths.stat(jdk, flags));
  }

  boolean exists(LinkOption... options) throws IOException {
    int flags = follows(options) ? 0 : Constants.AT_SYMLINK_NOFOLLOW;
    Engine engine = EngineAccess.of(fileSystem.ring());
    int result = PathOperations.existsInline(engine, jdk, flags);
    return PathOperations.isDecided(result)
        ? result == 0
        : onRing(FileErrors::ofSource, paths -> paths.existsOnRing(jdk, flags));
  }

  /** Removes a name, which is that of a directory or not. */
  void delete(boolean directory) throws IOException {
    onRing(
        FileErrors::ofDelete,
        paths -> {
          paths.unlink(jdk, directory ? Constants.AT_REMOVEDIR : 0);
          return true;
        });
  }

  static boolean follows(LinkOption... options) {
    boolean follows = true;
    for (LinkOption option : options) {
      follows &= Objects.requireNonNull(option) != LinkOption.NOFOLLOW_LINKS;
    }
    return follows;
  }

  // ---- the name itself -----------------------------------------------------------------------

  @Override
  public RingFileSystem getFileSystem() {
    return fileSystem;
  }

  @Override
  public boolean isAbsolute() {
    return jdk.isAbsolute();
  }

  @Override
  public @Nullable Path getRoot() {
    return likeIfAny(jdk.getRoot());
  }

  @Override
  public @Nullable Path getFileName() {
    return likeIfAny(jdk.getFileName());
  }

  @Override
  public @Nullable Path getParent() {
    return likeIfAny(jdk.getParent());
  }

  @Override
  public int getNameCount() {
    return jdk.getNameCount();
  }

  @Override
  public Path getName(int index) {
    return like(jdk.getName(index));
  }

  @Override
  public Path subpath(int beginIndex, int endIndex) {
    return like(jdk.subpath(beginIndex, endIndex));
  }

  @Override
  public boolean startsWith(Path other) {
    return Objects.requireNonNull(other) instanceof RingPath ours && jdk.startsWith(ours.jdk);
  }

  @Override
  public boolean endsWith(Path other) {
    return Objects.requireNonNull(other) instanceof RingPath ours && jdk.endsWith(ours.jdk);
  }

  @Override
  public Path normalize() {
    return like(jdk.normalize());
  }

  @Override
  public Path resolve(Path other) {
    return like(jdk.resolve(of(other).jdk));
  }

  @Override
  public Path relativize(Path other) {
    return like(jdk.relativize(of(other).jdk));
  }

  @Override
  public URI toUri() {
    return RingUris.ofJdk(jdk.toUri());
  }

  @Override
  public Path toAbsolutePath() {
    return like(jdk.toAbsolutePath());
  }

  @Override
  public Path toRealPath(LinkOption... options) throws IOException {
    return like(PromptCall.run(this, () -> jdk.toRealPath(options)));
  }

  @Override
  public WatchKey register(
      WatchService watcher, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers)
      throws IOException {
    if (Objects.requireNonNull(watcher) instanceof RingWatchService ours) {
      return ours.register(this, events, modifiers);
    }
    throw new ProviderMismatchException(watcher + " watches no ring paths");
  }

  /** Compares names; the home ring makes no difference. */
  @Override
  public int compareTo(Path other) {
    return jdk.compareTo(((RingPath) other).jdk);
  }

  @Override
  public String toString() {
    return jdk.toString();
  }
}
