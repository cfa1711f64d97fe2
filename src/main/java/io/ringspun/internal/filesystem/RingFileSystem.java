package io.ringspun.internal.filesystem;

import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.internal.filechannel.Fallback;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.WatchService;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.spi.FileSystemProvider;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A view of the default file system whose files are opened on a home ring. */
public final class RingFileSystem extends FileSystem {
  static final FileSystem JDK = FileSystems.getDefault();
  static final FileSystemProvider JDK_PROVIDER = new BlockingProvider(JDK.provider());

  /** The JDK's provider itself, for a {@link PromptCall}. */
  static final FileSystemProvider PROMPT_PROVIDER = JDK.provider();

  /** The file system whose home is the shared ring. */
  public static final RingFileSystem SHARED = new RingFileSystem(null);

  private final @Nullable Ring home; // null for the shared ring, which is opened when needed

  /** Creates a file system with a home ring, or with the shared ring if that is null. */
  public RingFileSystem(@Nullable Ring home) {
    this.home = home;
  }

  /**
   * The provider instance that the JDK has loaded, because {@link java.nio.file.Files} compares
   * providers; or an instance of our own if the JDK's service loader does not find this module.
   */
  private static final class Provider {
    static final FileSystemProvider INSTANCE =
        FileSystemProvider.installedProviders().stream()
            .filter(RingFileSystemProvider.class::isInstance)
            .findFirst()
            .orElseGet(RingFileSystemProvider::new);
  }

  /** Returns the ring path with the same name. */
  public Path wrap(Path path) {
    return new RingPath(this, path);
  }

  /** Returns the home ring if it is not the shared one. */
  @Nullable Ring ownRing() {
    return home;
  }

  Ring ring() throws IOException {
    Ring ring = home;
    return ring != null ? ring : RingGroup.shared().nextHome();
  }

  /** Returns why all calls are delegated to the JDK, or nothing if a ring is available. */
  Optional<String> fallback() throws IOException {
    return home == null ? Fallback.reason() : Optional.empty();
  }

  @Override
  public FileSystemProvider provider() {
    return Provider.INSTANCE;
  }

  @Override
  public void close() {
    throw new UnsupportedOperationException("the default file system is always open");
  }

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public boolean isReadOnly() {
    return JDK.isReadOnly();
  }

  @Override
  public String getSeparator() {
    return JDK.getSeparator();
  }

  @Override
  public Iterable<Path> getRootDirectories() {
    return Set.of(getPath("/"));
  }

  @Override
  public Iterable<FileStore> getFileStores() {
    return JDK.getFileStores();
  }

  @Override
  public Set<String> supportedFileAttributeViews() {
    return JDK.supportedFileAttributeViews();
  }

  @Override
  public Path getPath(String first, String... more) {
    return wrap(JDK.getPath(first, more));
  }

  @Override
  public PathMatcher getPathMatcher(String syntaxAndPattern) {
    PathMatcher matcher = JDK.getPathMatcher(syntaxAndPattern);
    return path -> matcher.matches(RingPath.of(path).jdk());
  }

  @Override
  public UserPrincipalLookupService getUserPrincipalLookupService() {
    return new BlockingPrincipals(JDK.getUserPrincipalLookupService());
  }

  @Override
  public WatchService newWatchService() throws IOException {
    return new RingWatchService(this, JDK.newWatchService());
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RingFileSystem that && home == that.home;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(home);
  }

  @Override
  public String toString() {
    return "RingFileSystem[%s]".formatted(home != null ? home : Fallback.describe());
  }
}
