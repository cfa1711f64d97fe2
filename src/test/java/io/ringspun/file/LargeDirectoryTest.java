package io.ringspun.file;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.testing.Caller;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A directory with more names than one system call returns is listed whole. */
class LargeDirectoryTest {
  @TempDir Path directory;

  static Stream<Arguments> ways() {
    return Stream.of(true, false)
        .flatMap(inline -> Caller.inThisRun().stream().map(caller -> Arguments.of(inline, caller)));
  }

  @ParameterizedTest
  @MethodSource("ways")
  void list_hasEveryName(boolean inline, Caller caller) throws Exception {
    Set<String> expected = new TreeSet<>();
    for (int i = 0; i < 1_500; i++) {
      String name = "a name of more than a few bytes, number " + i;
      Files.createFile(directory.resolve(name));
      expected.add(name);
    }
    try (Ring ring = Ring.open(RingOptions.defaults().withInlineAttempts(inline))) {
      Path wrapped = RingFileSystems.wrap(ring, directory);
      caller.run(
          ring,
          () -> {
            try (Stream<Path> names = Files.list(wrapped)) {
              assertEquals(
                  expected,
                  names
                      .map(name -> name.getFileName().toString())
                      .collect(Collectors.toCollection(TreeSet::new)));
            }
          });
    }
  }
}
