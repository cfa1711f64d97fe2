package io.ringspun.internal.filesystem;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.file.RingFileSystems;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.ModulePath;
import io.ringspun.testing.PathUser;
import io.ringspun.testing.UrlUser;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Proxy;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/** URLs of ring paths answer as those of the default file system do. */
@ExtendWith(LeakCheck.class)
class RingUrlTest {
  private static final String CLASS = PathUser.class.getName().replace('.', '/') + ".class";

  @TempDir private Path directory;

  private static byte[] classFile() throws IOException {
    try (InputStream in = PathUser.class.getResourceAsStream("/" + CLASS)) {
      assertNotNull(in);
      return in.readAllBytes();
    }
  }

  /** Makes a class and a resource in a directory. */
  private Path classes() throws IOException {
    Path root = directory.resolve("with space");
    Files.createDirectories(root.resolve(CLASS).getParent());
    Files.write(root.resolve(CLASS), classFile());
    Files.createDirectory(root.resolve("dir"));
    Files.writeString(root.resolve("dir/resource.txt"), "content");
    return root;
  }

  /** Makes the same in a jar. */
  private Path jar() throws IOException {
    Path jar = directory.resolve("größe.jar");
    try (OutputStream out = Files.newOutputStream(jar);
        JarOutputStream entries = new JarOutputStream(out)) {
      entries.putNextEntry(new JarEntry(CLASS));
      entries.write(classFile());
      entries.putNextEntry(new JarEntry("dir/resource.txt"));
      entries.write("content".getBytes(StandardCharsets.UTF_8));
    }
    return jar;
  }

  private String[] uris() throws IOException {
    return new String[] {
      RingFileSystems.wrap(classes()).toUri().toString(),
      RingFileSystems.wrap(jar()).toUri().toString()
    };
  }

  private static final String LOADED = "true content true null\n".repeat(2);

  @Test
  void classLoader_onTheClassPath() throws Exception {
    String output =
        new ChildJvm().with("--enable-native-access=ALL-UNNAMED").run(UrlUser.class, uris());
    assertTrue(output.contains(LOADED), output);
  }

  @Test
  void classLoader_onTheModulePath() throws Exception {
    String output =
        new ChildJvm()
            .with("--enable-native-access=io.ringspun")
            .with("--module-path", ModulePath.get(), "--add-modules", "io.ringspun")
            .run(UrlUser.class, uris());
    assertTrue(output.contains(LOADED), output);
  }

  @ParameterizedTest
  @EachCaller
  void classLoader_onEveryKindOfThread(Caller caller) throws Exception {
    Path root = RingFileSystems.wrap(classes());
    try (Ring ring = Ring.open()) {
      BlockedCall<String> call =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                try (URLClassLoader loader =
                    new URLClassLoader(
                        new URL[] {root.toUri().toURL()}, ClassLoader.getPlatformClassLoader())) {
                  return loader.loadClass(PathUser.class.getName()).getName();
                }
              });
      assertEquals(PathUser.class.getName(), call.result());
    }
  }

  private static String read(URL url) throws IOException {
    try (InputStream in = url.openStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void connection_isAsThatOfTheDefaultFileSystem() throws Exception {
    Files.writeString(directory.resolve("file#?.txt"), "content");
    Files.createDirectory(directory.resolve("dir"));
    Files.createFile(directory.resolve("dir/b"));
    Files.createFile(directory.resolve("dir/a"));
    FileTime old = FileTime.fromMillis(1_234_567_890_000L);
    Files.setLastModifiedTime(directory.resolve("file#?.txt"), old);
    for (String name : List.of("file#?.txt", "dir")) {
      URL url = directory.resolve(name).toUri().toURL();
      URL ringUrl = RingFileSystems.wrap(directory.resolve(name)).toUri().toURL();
      assertEquals("ring", ringUrl.getProtocol());
      assertEquals(read(url), read(ringUrl));
      assertEquals(read(url), read(URI.create(ringUrl + "#fragment").toURL()));
      URLConnection expected = url.openConnection();
      URLConnection actual = ringUrl.openConnection(Proxy.NO_PROXY);
      assertEquals(expected.getContentLengthLong(), actual.getContentLengthLong());
      assertEquals(expected.getContentType(), actual.getContentType());
      if (name.startsWith("file")) {
        assertEquals(old.toMillis(), expected.getLastModified());
        assertEquals(old.toMillis(), actual.getLastModified());
      }
      actual.connect();
      expected.getInputStream().close();
      actual.getInputStream().close();
      assertThrows(IllegalStateException.class, () -> actual.setDoOutput(true));
    }
    for (URI none :
        List.of(
            directory.resolve("none").toUri(),
            RingFileSystems.wrap(directory.resolve("none")).toUri())) {
      assertThrows(FileNotFoundException.class, () -> none.toURL().openStream());
      assertThrows(FileNotFoundException.class, () -> none.toURL().openConnection().connect());
      assertEquals(0, none.toURL().openConnection().getLastModified());
      assertEquals(
          -1,
          RingFileSystems.wrap(directory)
              .resolve("none")
              .toUri()
              .toURL()
              .openConnection()
              .getContentLength());
    }
    assertThrows(IOException.class, () -> URI.create("ring://host/x").toURL().openConnection());
    assertNull(new RingUrlHandlerProvider().createURLStreamHandler("file"));
  }
}
