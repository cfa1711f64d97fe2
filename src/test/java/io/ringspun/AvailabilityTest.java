package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.Once;
import io.ringspun.testing.OpenFiles;
import io.ringspun.testing.Refusal;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whether rings work, and what is said where they do not. The latter needs JVMs of its own. */
class AvailabilityTest {
  private static final String NATIVE_ACCESS = "--enable-native-access=ALL-UNNAMED";

  @TempDir static Path directory;

  // ---- here ----------------------------------------------------------------------------------

  @Test
  void here_everythingIsThere() {
    Availability found = Ring.availability();
    assertTrue(found.isAvailable(), found::toString);
    assertTrue(found.reason().isEmpty());
    assertTrue(found.remedy().isEmpty());
    assertEquals(System.getProperty("os.version"), found.kernel());
    assertFalse(found.liburing().isEmpty());
    assertTrue(found.features().containsAll(Set.of("NODROP", "SINGLE_MMAP")), found::toString);
    assertTrue(
        found.opcodes().containsAll(Set.of("NOP", "READ", "WRITE", "FSYNC", "ASYNC_CANCEL")),
        found::toString);
    assertTrue(found.opcodes().stream().noneMatch(name -> name.startsWith("IORING_")));
    if (!found.registerOpcodes().isEmpty()) { // Linux 6.18
      assertTrue(found.registerOpcodes().contains("REGISTER_QUERY"), found::toString);
      assertTrue(found.setupFlags().containsAll(Set.of("CQSIZE", "NO_SQARRAY")), found::toString);
    }
    assertEquals(Boolean.getBoolean("io.ringspun.test.carried"), found.carriesVirtualThreads());
  }

  @Test
  void here_nothingIsLeftOpen() {
    Ring.availability();
    int rings = OpenFiles.rings();
    int events = OpenFiles.count("anon_inode:[eventfd]");
    for (int i = 0; i < 10; i++) {
      Ring.availability();
    }
    assertEquals(rings, OpenFiles.rings());
    assertEquals(events, OpenFiles.count("anon_inode:[eventfd]"));
  }

  @Test
  @Once
  void record_copiesItsSets() {
    Set<String> names = new HashSet<>(Set.of("A"));
    Availability found = Ring.availability();
    Availability copy =
        new Availability(
            true,
            "",
            "",
            names,
            names,
            names,
            names,
            false,
            Optional.empty(),
            found.reason(),
            found.remedy());
    names.add("B");
    assertEquals(Set.of("A"), copy.features());
    assertEquals(Set.of("A"), copy.registerOpcodes());
    assertEquals(Set.of("A"), copy.setupFlags());
    assertThrows(UnsupportedOperationException.class, () -> copy.opcodes().clear());
  }

  // ---- elsewhere -----------------------------------------------------------------------------

  /** Prints what a user would see. */
  static final class Report {
    public static void main(String[] arguments) {
      Availability found = Ring.availability();
      found = Ring.availability(); // the second answer must be as good as the first
      System.out.println("available: " + found.isAvailable());
      System.out.println("reason: " + found.reason().orElse("none"));
      System.out.println("remedy: " + found.remedy().orElse("none"));
      for (int attempt = 1; attempt <= 2; attempt++) {
        try (Ring ring = Ring.open()) {
          System.out.println("opened: " + ring);
        } catch (RingUnavailableException e) {
          System.out.println("open " + attempt + ": " + e.getMessage());
        } catch (IOException e) {
          System.out.println("unexpected: " + e);
        }
      }
    }
  }

  /**
   * Checks that the reason and the remedy are told by availability, and by each attempt to open.
   */
  private static void assertTells(String output, String reason, String remedy) {
    assertEquals("false", line(output, "available: "), output);
    assertFalse(output.contains("Exception"), output);
    assertTrue(line(output, "reason: ").contains(reason), output);
    assertTrue(line(output, "remedy: ").contains(remedy), output);
    for (String attempt : List.of("open 1: ", "open 2: ")) {
      String message = line(output, attempt);
      assertTrue(message.startsWith("io_uring is not available: "), output);
      assertTrue(message.contains(reason), output);
      assertTrue(message.contains(remedy), output);
    }
  }

  private static String line(String output, String start) {
    return output
        .lines()
        .filter(line -> line.startsWith(start))
        .map(line -> line.substring(start.length()))
        .findFirst()
        .orElse("no line starts with " + start);
  }

  @Test
  void child_withNothingWrong() throws Exception {
    String output = new ChildJvm().with(NATIVE_ACCESS).run(Report.class);
    assertEquals("true", line(output, "available: "), output);
    assertTrue(line(output, "opened: ").startsWith("Ring["), output);
  }

  @Test
  @Once
  void liburing_namedWrongly() throws Exception {
    String output =
        new ChildJvm()
            .with(NATIVE_ACCESS, "-Dio.ringspun.liburing=/nowhere/liburing.so.2")
            .run(Report.class);
    assertTells(output, "liburing", "/nowhere/liburing.so.2 cannot be loaded");
    assertTrue(line(output, "remedy: ").contains("install the package liburing2"), output);
    assertTrue(line(output, "remedy: ").contains("-Dio.ringspun.liburing="), output);
  }

  @Test
  @Once
  void nativeAccess_denied() throws Exception {
    String output = new ChildJvm().with("--illegal-native-access=deny").run(Report.class);
    assertTells(output, "native access is denied", "--enable-native-access=io.ringspun");
  }

  @Test
  @Once
  void seccomp_answersEperm() throws Exception {
    String output =
        new ChildJvm()
            .under(Refusal.launcher(directory), "1")
            .with(NATIVE_ACCESS)
            .run(Report.class);
    assertTells(
        output,
        "a seccomp profile or security module forbids io_uring",
        "profile that allows io_uring_setup, io_uring_enter and io_uring_register");
  }

  /** Where numbers of system calls might mean something else, none is called. */
  @ParameterizedTest
  @ValueSource(strings = {"ppc64le", "s390x", "loongarch64", "x86"})
  @Once
  void otherMachine(String arch) throws Exception {
    String output = new ChildJvm().with(NATIVE_ACCESS, "-Dos.arch=" + arch).run(Report.class);
    assertTells(
        output,
        "the system calls of this machine are not known: os.arch is " + arch,
        "Run on x86-64, AArch64 or RISC-V");
  }

  @Test
  @Once
  void seccomp_answersEnosys() throws Exception {
    String output =
        new ChildJvm()
            .under(Refusal.launcher(directory), "38")
            .with(NATIVE_ACCESS)
            .run(Report.class);
    assertTells(
        output,
        "the kernel has no io_uring, or a seccomp profile hides it (ENOSYS)",
        "profile that allows io_uring_setup");
  }

  @Test
  @Once
  void seccomp_answersEnomem() throws Exception {
    String output =
        new ChildJvm()
            .under(Refusal.launcher(directory), "12")
            .with(NATIVE_ACCESS)
            .run(Report.class);
    assertTells(output, "not enough memory for the ring", "ulimit -l");
  }

  /** Opens rings until the limit is met; what was opened must go on working. */
  static final class OpenMany {
    public static void main(String[] arguments) throws IOException {
      Ring first = Ring.open();
      first.nop(); // loads classes, which takes a descriptor too
      for (int i = 1; ; i++) {
        try {
          Ring.open();
        } catch (RingUnavailableException e) {
          System.out.println("open: " + e.getMessage());
          break;
        }
        if (i > 1000) {
          System.out.println("no limit");
          break;
        }
      }
      first.nop();
      System.out.println("first: works");
    }
  }

  @Test
  @Once
  void openFiles_limited() throws Exception {
    assumeTrue(Refusal.isThere("prlimit"), "there is no prlimit (util-linux)");
    String output =
        new ChildJvm()
            .under("prlimit", "--nofile=64")
            .with(NATIVE_ACCESS, "-XX:-MaxFDLimit")
            .run(OpenMany.class);
    String message = line(output, "open: ");
    assertTrue(message.contains("the limit of open files is too low"), output);
    assertTrue(message.contains("ulimit -n"), output);
    assertEquals("works", line(output, "first: "), output);
  }
}
