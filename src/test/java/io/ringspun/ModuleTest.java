package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.internal.filesystem.RingFileSystemProvider;
import io.ringspun.internal.filesystem.RingUrlHandlerProvider;
import io.ringspun.testing.Classes;
import io.ringspun.testing.Once;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.net.spi.URLStreamHandlerProvider;
import java.nio.file.Files;
import java.nio.file.spi.FileSystemProvider;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What the module shows to its users. */
@Once
class ModuleTest {
  private static ModuleDescriptor descriptor() throws Exception {
    try (InputStream in = Files.newInputStream(Classes.MAIN.resolve("module-info.class"))) {
      return ModuleDescriptor.read(in);
    }
  }

  @Test
  void exports_areWhatAUserTypes() throws Exception {
    ModuleDescriptor module = descriptor();
    assertEquals("io.ringspun", module.name());
    assertEquals(
        Set.of(
            "io.ringspun",
            "io.ringspun.buffer",
            "io.ringspun.file",
            "io.ringspun.net",
            "io.ringspun.os",
            "io.ringspun.raw"),
        module.exports().stream()
            .filter(export -> !export.isQualified())
            .map(ModuleDescriptor.Exports::source)
            .collect(Collectors.toSet()));
    assertEquals(
        Map.of("io.ringspun.internal.agent", Set.of("java.instrument")), // whose code calls it
        module.exports().stream()
            .filter(ModuleDescriptor.Exports::isQualified)
            .collect(
                Collectors.toMap(
                    ModuleDescriptor.Exports::source, ModuleDescriptor.Exports::targets)));
    assertTrue(module.opens().isEmpty());
    assertFalse(module.isOpen());
  }

  @Test
  void requires_areFew() throws Exception {
    assertEquals(
        Set.of(
            "java.base",
            "java.instrument",
            "java.management",
            "jdk.jfr",
            "jdk.net",
            "org.jspecify",
            "org.slf4j"),
        descriptor().requires().stream()
            .map(ModuleDescriptor.Requires::name)
            .collect(Collectors.toSet()));
  }

  @Test
  void provides_theFileSystemAndItsUrls() throws Exception {
    assertEquals(
        Map.of(
            FileSystemProvider.class.getName(),
            List.of(RingFileSystemProvider.class.getName()),
            URLStreamHandlerProvider.class.getName(),
            List.of(RingUrlHandlerProvider.class.getName())),
        descriptor().provides().stream()
            .collect(
                Collectors.toMap(
                    ModuleDescriptor.Provides::service, ModuleDescriptor.Provides::providers)));
  }
}
