package io.ringspun.testing;

import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;

/** A program that loads classes by URLs given to it, and knows nothing of rings. */
public final class UrlUser {
  private UrlUser() {}

  /** Loads a class and a resource by each URL, and tells what it found. */
  public static void main(String[] args) throws Exception {
    for (String uri : args) {
      URL url = URI.create(uri).toURL();
      try (URLClassLoader loader =
              new URLClassLoader(new URL[] {url}, ClassLoader.getPlatformClassLoader());
          var resource = loader.getResourceAsStream("dir/resource.txt")) {
        Class<?> loaded = loader.loadClass(PathUser.class.getName());
        System.out.println(
            "%s %s %s %s"
                .formatted(
                    loaded.getClassLoader() == loader,
                    new String(resource.readAllBytes(), StandardCharsets.UTF_8),
                    loaded.getProtectionDomain().getCodeSource().getLocation().equals(url),
                    loader.getResource("dir/none.txt")));
      }
    }
  }
}
