package io.ringspun.internal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.testing.AgentJvm;
import io.ringspun.testing.AgentPrograms;
import io.ringspun.testing.Classes;
import io.ringspun.testing.ModulePath;
import io.ringspun.testing.Once;
import io.ringspun.testing.Refusal;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Programs that know nothing of the library, with the agent and without. */
@Once
class AgentTest {
  private static final String CARRIER = "carrier: ";
  private static final String RING = "ringspun-shared-";
  private static final String SPARE = "ringspun-spare-";

  @TempDir static Path directory;

  private static AgentJvm jvm() {
    return new AgentJvm(directory);
  }

  private static void assertOnRings(AgentJvm.Result result) {
    List<String> carriers = result.after(CARRIER);
    assertFalse(carriers.isEmpty(), result::toString);
    // While class initializers hold all rings, spare carriers run threads, too.
    assertTrue(
        carriers.stream().allMatch(name -> name.startsWith(RING) || name.startsWith(SPARE)),
        result::toString);
    assertTrue(carriers.stream().anyMatch(name -> name.startsWith(RING)), result::toString);
  }

  private static void assertOnNoRing(AgentJvm.Result result) {
    List<String> carriers = result.after(CARRIER);
    assertFalse(carriers.isEmpty(), result::toString);
    assertTrue(carriers.stream().noneMatch(name -> name.startsWith(RING)), result::toString);
  }

  // ---- threads -------------------------------------------------------------------------------

  @Test
  void threads_areTheSameOnRings() throws Exception {
    AgentJvm.Result without = jvm().run(AgentPrograms.Threads.class);
    AgentJvm.Result with = jvm().withAgent("").run(AgentPrograms.Threads.class);
    assertOnNoRing(without);
    assertOnRings(with);
    assertEquals(without.without(CARRIER), with.without(CARRIER));
    assertEquals(List.of(), with.err(), "it warns");
    assertEquals(0, with.exitCode());
  }

  @Test
  void threads_severalPlatformThreadsAndInitializersAtOnce() throws Exception {
    AgentJvm.Result result = jvm().withAgent("threads").run(AgentPrograms.Initializers.class);
    assertOnRings(result);
    assertEquals(4, result.after(CARRIER).size());
    assertEquals(List.of(), result.without(CARRIER));
    assertEquals(List.of(), result.err());
  }

  @Test
  void threads_noneIsStarted() throws Exception {
    AgentJvm.Result result = jvm().withAgent("").run(AgentPrograms.NoThreads.class);
    assertEquals(List.of("done"), result.out(), "rings are opened that nothing needs");
  }

  @Test
  void threads_serverOfTheJdk() throws Exception {
    for (String options : List.of("threads", "threads,sockets,dns")) {
      AgentJvm.Result result = jvm().withAgent(options).run(AgentPrograms.Http.class);
      assertEquals(List.of("100 answers"), result.without(CARRIER), result::toString);
      assertOnRings(result);
      assertEquals(0, result.exitCode());
    }
  }

  @Test
  void threads_endOfTheProgram() throws Exception {
    for (String end : List.of("return", "daemon", "throw", "exit", "halt")) {
      AgentJvm.Result without = jvm().run(AgentPrograms.End.class, end);
      AgentJvm.Result with = jvm().withAgent("").run(AgentPrograms.End.class, end);
      assertEquals(without, with, end);
    }
  }

  @Test
  void rings_number() throws Exception {
    for (int rings = 1; rings <= 3; rings++) {
      AgentJvm.Result result =
          jvm().withAgent("verbose,rings=" + rings).run(AgentPrograms.Carriers.class);
      assertOnRings(result);
      String said = "the shared group of " + rings + " rings";
      assertTrue(result.err().stream().anyMatch(line -> line.contains(said)), result::toString);
    }
  }

  @Test
  void verbose_saysWhatIsDone() throws Exception {
    AgentJvm.Result result =
        jvm()
            .withAgent("threads,sockets,dns,files=com.example,rings=2,verbose")
            .run(AgentPrograms.Carriers.class);
    assertOnRings(result);
    assertEquals(
        List.of(
            "ringspun: socket channels use rings",
            "ringspun: sockets use rings",
            "ringspun: names are resolved by platform threads",
            "ringspun: files that are opened in [com.example] use rings",
            "ringspun: virtual threads run on the shared group of 2 rings"),
        result.err());
  }

  // ---- others beside it ----------------------------------------------------------------------

  @Test
  void otherAgent_retransforms() throws Exception {
    AgentJvm.Result after =
        jvm()
            .withAgent("")
            .withAgent(AgentPrograms.OtherAgent.class, "retransform")
            .run(AgentPrograms.Carriers.class);
    assertOnRings(after);
    AgentJvm.Result before =
        jvm()
            .withAgent(AgentPrograms.OtherAgent.class, "retransform")
            .withAgent("")
            .run(AgentPrograms.Carriers.class);
    assertOnRings(before);
  }

  @Test
  void otherAgent_startsThreadsBeforeMain() throws Exception {
    AgentJvm.Result result =
        jvm()
            .withAgent("")
            .withAgent(AgentPrograms.OtherAgent.class, "thread")
            .run(AgentPrograms.Carriers.class);
    assertOnRings(result);
  }

  @Test
  void twice_isLikeOnce() throws Exception {
    AgentJvm.Result result =
        jvm().withAgent("").withAgent("sockets").run(AgentPrograms.Carriers.class);
    assertOnRings(result);
    assertEquals(List.of(), result.err());
  }

  @Test
  void attached_toARunningProgram() throws Exception {
    Process process =
        jvm().with("-XX:+EnableDynamicAgentLoading").start(AgentPrograms.Attached.class);
    try (BufferedReader out = process.inputReader()) {
      assertTrue(out.readLine().startsWith("ForkJoinPool"));
      Process attaching =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                  Long.toString(process.pid()),
                  "JVMTI.agent_load",
                  jvm().agentJar() + "=threads")
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("jcmd.txt").toFile())
              .start();
      assertEquals(0, attaching.waitFor(), () -> read("jcmd.txt"));
      String line = out.readLine();
      while (line != null && !line.startsWith(RING)) {
        line = out.readLine();
      }
      assertTrue(line != null, () -> read("jcmd.txt") + read("err.txt"));
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  private static String read(String name) {
    try {
      return Files.readString(directory.resolve(name));
    } catch (IOException e) {
      return e.toString();
    }
  }

  @Test
  void modules_libraryOnTheModulePath() throws Exception {
    assumeTrue(
        Files.exists(Classes.MAIN.resolve("module-info.class")), "the library has no descriptor");
    String path = ModulePath.get().replace(Classes.MAIN.toString(), jvm().agentJar().toString());
    AgentJvm.Result result =
        jvm()
            .withAgent("threads,sockets,files=io.ringspun.testing,verbose")
            .with("--module-path", path, "--add-modules", "io.ringspun")
            .run(AgentPrograms.OpenedFiles.class, directory.resolve("file").toString());
    assertEquals(List.of(), result.err().stream().filter(line -> line.contains("WARN")).toList());
    assertOpenedByRings(result);
  }

  // ---- sockets -------------------------------------------------------------------------------

  @Test
  void sockets_areOurs() throws Exception {
    AgentJvm.Result result = jvm().withAgent("sockets").run(AgentPrograms.Sockets.class);
    assertEquals(
        List.of("a", "b", "channel: RingSocketChannelImpl", "property: null", "factory: defined"),
        result.out(),
        result::toString);
    assertEquals(List.of(), result.err());
  }

  @Test
  void sockets_providerIsChosenAlready() throws Exception {
    AgentJvm.Result result =
        jvm()
            .with("-Djava.nio.channels.spi.SelectorProvider=sun.nio.ch.EPollSelectorProvider")
            .withAgent("sockets")
            .run(AgentPrograms.Sockets.class);
    assertEquals("channel: SocketChannelImpl", result.out().get(2));
    assertEquals(1, result.err().size(), result::toString);
    assertTrue(
        result
            .err()
            .getFirst()
            .startsWith("ringspun: socket channels do not use rings: the selector provider is"),
        result::toString);
  }

  @Test
  void sockets_factoryIsThereAlready() throws Exception {
    AgentJvm.Result result =
        jvm()
            .withAgent(AgentPrograms.OtherAgent.class, "factory")
            .withAgent("sockets")
            .run(AgentPrograms.Carriers.class);
    assertEquals(
        List.of("ringspun: sockets do not use rings: factory already defined"), result.err());
  }

  // ---- names ---------------------------------------------------------------------------------

  private static Path resolver() throws Exception {
    Path services = Files.createDirectories(directory.resolve("resolver/META-INF/services"));
    Files.writeString(
        services.resolve("java.net.spi.InetAddressResolverProvider"),
        AgentPrograms.Resolver.class.getName());
    return directory.resolve("resolver");
  }

  @Test
  void dns_resolvesOnPlatformThreads() throws Exception {
    String unknown = "java.net.UnknownHostException: unknown.example";
    AgentJvm.Result without =
        jvm().withClasses(resolver()).withAgent("").run(AgentPrograms.Names.class);
    assertEquals(List.of("10.0.0.1", "virtual.example", unknown), without.out());
    AgentJvm.Result with =
        jvm().withClasses(resolver()).withAgent("threads,dns").run(AgentPrograms.Names.class);
    assertEquals(List.of("10.0.0.2", "platform.example", unknown), with.out());
    assertEquals(List.of(), with.err());
    AgentJvm.Result alone =
        jvm().withClasses(resolver()).withAgent("dns").run(AgentPrograms.Names.class);
    assertEquals(without.out(), alone.out(), "the thread of no ring resolves for itself");
  }

  // ---- files ---------------------------------------------------------------------------------

  private static void assertOpenedByRings(AgentJvm.Result result) {
    List<String> opened = result.after("opened: ");
    assertEquals(6, opened.size(), result::toString);
    assertTrue(opened.stream().allMatch(name -> name.startsWith("io.ringspun.")), result::toString);
  }

  @Test
  void files_ofAPackage() throws Exception {
    String file = directory.resolve("file").toString();
    AgentJvm.Result without = jvm().run(AgentPrograms.OpenedFiles.class, file);
    AgentJvm.Result with =
        jvm()
            .withAgent("files=com.example:io.ringspun.testing")
            .run(AgentPrograms.OpenedFiles.class, file);
    assertOpenedByRings(with);
    assertEquals(without.without("opened: "), with.without("opened: "));
    assertEquals(List.of(), with.err());
    AgentJvm.Result other =
        jvm().withAgent("files=io.ringspun.test").run(AgentPrograms.OpenedFiles.class, file);
    assertEquals(without.out(), other.out(), "a part of a name is no package");
  }

  // ---- what cannot be done -------------------------------------------------------------------

  @Test
  void options_unknownOnes() throws Exception {
    AgentJvm.Result result = jvm().withAgent("treads,rings=2").run(AgentPrograms.Carriers.class);
    assertOnRings(result);
    assertEquals(2, result.out().size());
    assertEquals(List.of("ringspun: the option treads is not known"), result.err());
  }

  /** Seccomp refuses {@code io_uring_setup}, as it does in many a container. */
  @Test
  void noRings_programRunsAsWithoutTheAgent() throws Exception {
    String launcher = Refusal.launcher(directory);
    String file = directory.resolve("file").toString();
    String reason = "io_uring is not available: ";

    AgentJvm.Result threads =
        jvm().under(launcher, "38").withAgent("").run(AgentPrograms.Threads.class);
    assertOnNoRing(threads);
    assertEquals(jvm().run(AgentPrograms.Threads.class).without(CARRIER), threads.without(CARRIER));
    assertOneLine("ringspun: virtual threads stay on the JDK's scheduler: " + reason, threads);

    AgentJvm.Result sockets =
        jvm().under(launcher, "38").withAgent("sockets").run(AgentPrograms.Sockets.class);
    assertEquals(jvm().run(AgentPrograms.Sockets.class).out(), sockets.out());
    assertOneLine("ringspun: sockets stay the JDK's: " + reason, sockets);

    AgentJvm.Result files =
        jvm()
            .under(launcher, "38")
            .withAgent("files=io.ringspun.testing")
            .run(AgentPrograms.OpenedFiles.class, file);
    assertEquals(jvm().run(AgentPrograms.OpenedFiles.class, file).out(), files.out());
    assertOneLine("ringspun: files stay the JDK's: " + reason, files);
  }

  private static void assertOneLine(String start, AgentJvm.Result result) {
    assertEquals(1, result.err().size(), result::toString);
    assertTrue(result.err().getFirst().startsWith(start), result::toString);
    assertEquals(0, result.exitCode());
  }
}
