package io.ringspun.net;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.Classes;
import io.ringspun.testing.ProviderProgram;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A whole program whose channels are ours, by a system property. */
class RingSelectorProviderTest {
  private static final String INSTALL =
      "-Djava.nio.channels.spi.SelectorProvider=io.ringspun.net.RingSelectorProvider";

  private static final List<String> SAID = List.of("echo", "http", "selected", "others");

  private static List<String> expected(boolean inModule) {
    List<String> expected = new ArrayList<>(SAID);
    expected.add("module " + inModule);
    expected.add("done");
    return expected;
  }

  @Test
  void program_onTheClassPath_runsOnTheRing() throws Exception {
    String said =
        new ChildJvm().withFlagsOfThisOne().with("-ea", INSTALL).run(ProviderProgram.class);
    assertEquals(expected(false), said.lines().toList());
  }

  @Test
  void program_withTheModule_runsOnTheRing() throws Exception {
    List<String> path = new ArrayList<>();
    path.add(Classes.MAIN.toString());
    Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(
            entry -> {
              String name = Path.of(entry).getFileName().toString();
              return name.startsWith("slf4j-") || name.startsWith("jspecify");
            })
        .forEach(path::add);
    String said =
        new ChildJvm()
            .with(
                "-ea",
                INSTALL,
                "--module-path=" + String.join(File.pathSeparator, path),
                "--add-modules=io.ringspun",
                "--enable-native-access=io.ringspun",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
            .run(ProviderProgram.class);
    assertEquals(expected(true), said.lines().toList());
  }
}
