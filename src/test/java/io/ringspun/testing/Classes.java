package io.ringspun.testing;

import io.ringspun.Ring;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The compiled classes of the library. */
public final class Classes {
  /** The directory that they are in. */
  public static final Path MAIN = directory();

  private Classes() {}

  private static Path directory() {
    try {
      return Path.of(Ring.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  /** Parses all of them, the module descriptor aside. */
  public static List<ClassModel> parse() throws IOException {
    List<ClassModel> classes = new ArrayList<>();
    try (var files = Files.walk(MAIN)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        String name = file.getFileName().toString();
        if (name.endsWith(".class") && !name.equals("module-info.class")) {
          classes.add(ClassFile.of().parse(file));
        }
      }
    }
    return classes;
  }
}
