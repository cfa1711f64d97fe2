package io.ringspun.internal.filesystem;

import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Proxy;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.net.spi.URLStreamHandlerProvider;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * URLs of the scheme {@code ring}, so that the URI of a ring path can be made a {@link URL}, for
 * instance for a {@link java.net.URLClassLoader}. The JDK finds it by {@link
 * java.util.ServiceLoader}, if the library is on the class path or the module path; programs do not
 * use this class directly.
 *
 * <p>A connection reads the file as {@code Files.newInputStream} does, or the names in a directory,
 * one a line, as a URL of the scheme {@code file} does. Safe for use by multiple concurrent
 * threads.
 */
public final class RingUrlHandlerProvider extends URLStreamHandlerProvider {
  /** Creates a provider; for {@link java.util.ServiceLoader}. */
  public RingUrlHandlerProvider() {}

  @Override
  public @Nullable URLStreamHandler createURLStreamHandler(String protocol) {
    return protocol.equals(RingUris.SCHEME) ? new Handler() : null;
  }

  private static final class Handler extends URLStreamHandler {
    @Override
    protected URLConnection openConnection(URL url) throws IOException {
      return new Connection(url, path(url));
    }

    @Override
    protected URLConnection openConnection(URL url, Proxy proxy) throws IOException {
      return openConnection(url); // files need no proxy
    }

    private static Path path(URL url) throws IOException {
      try { // query and fragment mean nothing to a file
        return Path.of(new URI(url.getProtocol() + "://" + url.getHost() + url.getPath()));
      } catch (URISyntaxException | IllegalArgumentException e) {
        throw new IOException(url + " is the URL of no ring path", e);
      }
    }
  }

  /** A connection to a file or a directory; like every URL connection, for one thread only. */
  private static final class Connection extends URLConnection {
    private final Path path;
    private @Nullable BasicFileAttributes attributes; // once connected
    private @Nullable InputStream content; // created on first use

    Connection(URL url, Path path) {
      super(url);
      this.path = path;
    }

    @Override
    public void connect() throws IOException {
      attributes();
    }

    private BasicFileAttributes attributes() throws IOException {
      BasicFileAttributes known = attributes;
      if (known == null) {
        try {
          known = Files.readAttributes(path, BasicFileAttributes.class);
        } catch (NoSuchFileException | AccessDeniedException e) {
          throw notFound(e);
        }
        attributes = known;
        connected = true;
      }
      return known;
    }

    @Override
    public InputStream getInputStream() throws IOException {
      InputStream known = content;
      if (known == null) {
        try {
          known = attributes().isDirectory() ? names() : Files.newInputStream(path);
        } catch (NoSuchFileException | AccessDeniedException e) {
          throw notFound(e);
        }
        content = known;
      }
      return known;
    }

    private InputStream names() throws IOException {
      try (Stream<Path> entries = Files.list(path)) {
        String names =
            entries.map(entry -> entry.getFileName() + "\n").sorted().collect(Collectors.joining());
        return new ByteArrayInputStream(names.getBytes(StandardCharsets.UTF_8));
      }
    }

    /** Returns the exception that URL connections throw for a missing file. */
    private static FileNotFoundException notFound(IOException reason) {
      FileNotFoundException told = new FileNotFoundException(reason.getMessage());
      told.initCause(reason);
      return told;
    }

    @Override
    public long getContentLengthLong() {
      BasicFileAttributes known = attributesIfAny();
      return known == null ? -1 : known.size();
    }

    @Override
    public long getLastModified() {
      BasicFileAttributes known = attributesIfAny();
      return known == null ? 0 : known.lastModifiedTime().toMillis();
    }

    @Override
    public @Nullable String getContentType() {
      BasicFileAttributes known = attributesIfAny();
      return known != null && known.isDirectory()
          ? "text/plain"
          : guessContentTypeFromName(url.getPath());
    }

    private @Nullable BasicFileAttributes attributesIfAny() {
      try {
        return attributes();
      } catch (IOException _) {
        return null; // a missing header is not an error
      }
    }
  }
}
