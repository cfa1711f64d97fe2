package io.ringspun.file;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.LongRun;
import io.ringspun.testing.PrintedSeed;
import io.ringspun.testing.PropertyLeakCheck;
import io.ringspun.testing.RingCase;
import io.ringspun.testing.channel.Program;
import io.ringspun.testing.channel.Programs;
import io.ringspun.testing.channel.Run;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/**
 * Random programs do the same on the JDK's channel and on ours, from every kind of thread. A
 * program that does not is made as small as it gets.
 */
@AddLifecycleHook(PropertyLeakCheck.class)
@Tag("once") // as @Once is for Jupiter
class RingFileChannelPropertyTest {
  private static final int PROGRAMS = 1_000;
  private static final int PROGRAMS_IN_LONG_RUN = 10_000;

  private static Ring inlineRing;
  private static Ring plainRing;
  private static Path jdks;
  private static Path ours;

  @BeforeContainer
  static void open() throws IOException {
    inlineRing = Ring.open();
    plainRing = Ring.open(RingOptions.defaults().withInlineAttempts(false));
    jdks = Files.createTempDirectory("ringspun");
    ours = Files.createTempDirectory("ringspun");
  }

  @AfterContainer
  static void close() throws IOException {
    Files.delete(jdks);
    Files.delete(ours);
    inlineRing.close();
    plainRing.close();
  }

  @Provide
  static Arbitrary<RingCase> cases() {
    return Arbitraries.of(RingCase.all());
  }

  @Provide
  static Arbitrary<Program> programs() {
    return Programs.any();
  }

  @AddLifecycleHook(PrintedSeed.class)
  @Property(tries = PROGRAMS, edgeCases = EdgeCasesMode.NONE)
  void program_asTheJdkDoes(@ForAll("programs") Program program, @ForAll("cases") RingCase how)
      throws Exception {
    check(program, how);
  }

  @AddLifecycleHook(PrintedSeed.class)
  @AddLifecycleHook(LongRun.class)
  @Property(tries = PROGRAMS_IN_LONG_RUN, edgeCases = EdgeCasesMode.NONE)
  void program_inLongRun_asTheJdkDoes(
      @ForAll("programs") Program program, @ForAll("cases") RingCase how) throws Exception {
    check(program, how);
  }

  private static void check(Program program, RingCase how) throws Exception {
    Ring ring = how.inline() ? inlineRing : plainRing;
    BlockedCall.start(
            ring,
            how.caller(),
            () -> {
              List<String> expected = Run.of(program, jdks, FileChannel::open);
              List<String> actual =
                  Run.of(
                      program,
                      ours,
                      (path, options, attributes) ->
                          RingFileChannel.open(ring, path, options, attributes));
              assertSame(expected, actual);
              return null;
            })
        .result();
    assertEquals(0, ring.metrics().inFlight(), "operations in flight");
  }

  /** Compares line by line, since the first difference is the one that tells. */
  private static void assertSame(List<String> expected, List<String> actual) {
    for (int i = 0; i < Math.min(expected.size(), actual.size()); i++) {
      assertEquals(expected.get(i), actual.get(i));
    }
    assertEquals(expected, actual);
  }
}
