package io.ringspun.file;

import static io.ringspun.internal.kernel.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.RingMetrics;
import io.ringspun.RingOptions;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.LongRun;
import io.ringspun.testing.Once;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import libraries.LuceneRingDirectory;
import org.apache.lucene.codecs.Codec;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSLockFactory;
import org.apache.lucene.store.NIOFSDirectory;
import org.apache.lucene.tests.index.BaseCompoundFormatTestCase;
import org.apache.lucene.tests.index.BasePointsFormatTestCase;
import org.apache.lucene.tests.mockfile.FilterFileSystemProvider;
import org.apache.lucene.tests.mockfile.FilterPath;
import org.apache.lucene.tests.mockfile.HandleLimitFS;
import org.apache.lucene.tests.mockfile.LeakFS;
import org.apache.lucene.tests.mockfile.ShuffleFS;
import org.apache.lucene.tests.mockfile.VirusCheckingFS;
import org.apache.lucene.tests.mockfile.WindowsFS;
import org.apache.lucene.tests.store.BaseChunkedDirectoryTestCase;
import org.apache.lucene.tests.store.BaseDirectoryTestCase;
import org.apache.lucene.tests.util.LuceneTestCase;
import org.apache.lucene.tests.util.TestUtil;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.runner.Description;
import org.junit.runner.JUnitCore;
import org.junit.runner.notification.Failure;
import org.junit.runner.notification.RunListener;

/**
 * A search library that knows nothing of rings runs on {@link RingFileChannel}: the tests that
 * Lucene has for directories pass, for the example's and for Lucene's own above our channels, and
 * those that it has for the files of an index pass on the example's.
 */
@ExtendWith(LeakCheck.class)
@Once
class LuceneTest {
  private static final String SEED = "tests.seed";

  private static Ring ring; // of the directories that Lucene's tests ask for
  private static final List<FileSystem> mocks = new ArrayList<>();

  /** The example, on plain paths. */
  @LuceneTestCase.SuppressFileSystems("*") // they would be beneath our channels
  @LuceneTestCase.SuppressReproduceLine
  public static final class Plain extends BaseDirectoryTestCase {
    @Override
    protected Directory getDirectory(Path path) throws IOException {
      boolean isPlain = path.getFileSystem() == FileSystems.getDefault();
      return new LuceneRingDirectory(
          ring, isPlain ? path : mock(path), FSLockFactory.getDefault(), 0);
    }
  }

  /** The example with buffers of all sizes, on plain paths and on others. */
  @LuceneTestCase.SuppressFileSystems("*")
  @LuceneTestCase.SuppressReproduceLine
  public static final class Chunked extends BaseChunkedDirectoryTestCase {
    @Override
    protected Directory getDirectory(Path path, int chunkBytes) throws IOException {
      boolean isPlain = path.getFileSystem() == FileSystems.getDefault() && random().nextBoolean();
      return new LuceneRingDirectory(
          ring,
          isPlain ? path : mock(path),
          FSLockFactory.getDefault(),
          Math.max(8, chunkBytes)); // Lucene takes no less
    }
  }

  /** Lucene's own directory, in a file system whose channels are ours. */
  @LuceneTestCase.SuppressFileSystems("*")
  @LuceneTestCase.SuppressReproduceLine
  public static final class LucenesOwn extends BaseDirectoryTestCase {
    @Override
    protected Directory getDirectory(Path path) throws IOException {
      return new NIOFSDirectory(mock(path));
    }
  }

  /** All files of a segment in one, read in slices; in what {@link #makeOursTheDirectory} sets. */
  @LuceneTestCase.SuppressFileSystems("*")
  @LuceneTestCase.SuppressReproduceLine
  public static final class CompoundFiles extends BaseCompoundFormatTestCase {
    @Override
    protected Codec getCodec() {
      return TestUtil.getDefaultCodec();
    }
  }

  /** Numbers in trees, which are sorted in temporary files. */
  @LuceneTestCase.SuppressFileSystems("*")
  @LuceneTestCase.SuppressReproduceLine
  public static final class Points extends BasePointsFormatTestCase {
    @Override
    protected Codec getCodec() {
      return TestUtil.getDefaultCodec();
    }
  }

  /** Lucene reads the name of the directory that its tests are to use once for a process. */
  @BeforeAll
  static void makeOursTheDirectory() throws IOException {
    assertTrue(Ring.shared().isOpen()); // before Lucene looks for threads that a test leaves behind
    String ours = LuceneRingDirectory.class.getName();
    System.setProperty("tests.directory", ours);
    assertEquals(ours, LuceneTestCase.TEST_DIRECTORY);
    System.clearProperty("tests.directory");
  }

  /** The file system of the kernel, with our channels. */
  private static final class RingProvider extends FilterFileSystemProvider {
    RingProvider() {
      super("ring://", FileSystems.getDefault());
    }

    @Override
    public FileChannel newFileChannel(
        Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
        throws IOException {
      return RingFileChannel.open(ring, toDelegate(path), options, attributes);
    }

    @Override
    public SeekableByteChannel newByteChannel(
        Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
        throws IOException {
      return newFileChannel(path, options, attributes);
    }

    @Override
    public OutputStream newOutputStream(Path path, OpenOption... options) throws IOException {
      Set<OpenOption> chosen = new HashSet<>(Set.of(options));
      chosen.add(StandardOpenOption.WRITE);
      return Channels.newOutputStream(newFileChannel(path, chosen));
    }
  }

  /**
   * Returns a path to the same file through the file systems that Lucene's tests use to find leaks
   * and wrong assumptions, with ours beneath them.
   */
  private static Path mock(Path path) {
    Random random = LuceneTestCase.random();
    FilterPath mock = new RingProvider().wrapPath(FilterPath.unwrap(path));
    mock = new LeakFS(mock.getFileSystem()).wrapPath(mock);
    mock = new HandleLimitFS(mock.getFileSystem(), 2048).wrapPath(mock);
    mock = new ShuffleFS(mock.getFileSystem(), random.nextLong()).wrapPath(mock);
    if (random.nextBoolean()) {
      mock = new WindowsFS(mock.getFileSystem()).wrapPath(mock);
    }
    if (TestUtil.hasVirusChecker(path)) {
      mock = new VirusCheckingFS(mock.getFileSystem(), random.nextLong()).wrapPath(mock);
    }
    synchronized (mocks) {
      mocks.add(mock.getFileSystem());
    }
    return mock;
  }

  // ---- running them --------------------------------------------------------------------------

  /** What became of each of Lucene's tests. */
  private static final class Outcome extends RunListener {
    private final Set<String> started = new TreeSet<>();
    private final Set<String> skipped = new TreeSet<>();
    private final StringBuilder failures = new StringBuilder();

    @Override
    public void testStarted(Description description) {
      started.add(description.getMethodName());
    }

    @Override
    public void testIgnored(Description description) {
      skipped.add(description.getMethodName());
    }

    @Override
    public void testAssumptionFailure(Failure failure) {
      testIgnored(failure.getDescription());
    }

    @Override
    public void testFailure(Failure failure) {
      failures.append("\n\n").append(failure.getTestHeader()).append(": ");
      failures.append(failure.getTrace());
    }
  }

  /** Runs all tests of a class; all but those that Lucene itself skips must be run and pass. */
  private static void run(Class<?> suite, String seed, Set<String> skipped) {
    Outcome outcome = new Outcome();
    String before = System.setProperty(SEED, seed);
    try {
      JUnitCore junit = new JUnitCore();
      junit.addListener(outcome);
      junit.run(suite);
    } finally {
      if (before == null) {
        System.clearProperty(SEED);
      } else {
        System.setProperty(SEED, before);
      }
    }
    assertEquals("", outcome.failures.toString(), "-D" + SEED + "=" + seed);
    assertEquals(skipped, outcome.skipped);
    outcome.started.addAll(skipped);
    assertEquals(tests(suite), outcome.started);
  }

  /** The tests of a class as Lucene finds them: by their names. */
  private static Set<String> tests(Class<?> suite) {
    Set<String> names = new TreeSet<>();
    for (Method method : suite.getMethods()) {
      if (method.getName().startsWith("test") && !Modifier.isStatic(method.getModifiers())) {
        names.add(method.getName());
      }
    }
    assertTrue(names.size() > 10, names.toString());
    return names;
  }

  /** How the ring works meanwhile. */
  enum Manner {
    /** As usual, with attempts that need no ring. */
    USUAL,
    /** All transfers go through the ring. */
    RING_ONLY,
    /** And the kernel often does less than it is asked for. */
    SHORT
  }

  /**
   * One seed that is drawn unless given, and seeds that stay: one suite as usual and another one
   * with short transfers, or in the long run each suite in each manner with two seeds.
   */
  static Stream<Arguments> directories() {
    String given = System.getProperty(SEED, Long.toHexString(new Random().nextLong()));
    System.out.println("LuceneTest: -D" + SEED + "=" + given);
    if (!LongRun.isOn()) {
      return Stream.of(
          Arguments.of(Plain.class, Manner.USUAL, given),
          Arguments.of(Chunked.class, Manner.SHORT, seed(16, Manner.SHORT)));
    }
    Stream.Builder<Arguments> all = Stream.builder();
    for (Class<?> suite : List.of(Plain.class, Chunked.class, LucenesOwn.class)) {
      for (Manner manner : Manner.values()) {
        all.add(Arguments.of(suite, manner, seed(16, manner)));
        all.add(Arguments.of(suite, manner, seed(32, manner)));
      }
      all.add(Arguments.of(suite, Manner.USUAL, given));
    }
    return all.build();
  }

  private static String seed(int first, Manner manner) {
    return Integer.toHexString(first + manner.ordinal());
  }

  @ParameterizedTest(name = "{0}, {1}, seed {2}")
  @MethodSource("directories")
  void directory_passesLucenesTests(Class<?> suite, Manner manner, String seed) throws Exception {
    FaultKernel kernel = new FaultKernel();
    if (manner == Manner.SHORT) {
      Random random = new Random(Long.parseUnsignedLong(seed, 16));
      Set<Integer> transfers = Set.of(IORING_OP_READ, IORING_OP_WRITE);
      kernel.add(
          FaultRule.where(op -> transfers.contains(op.opcode()) && random.nextInt(3) == 0)
              .shorten(5));
    }
    RingOptions options = RingOptions.defaults().withInlineAttempts(manner == Manner.USUAL);
    try (Ring opened = FaultyRing.open(options, kernel)) {
      ring = opened; // before the suite starts, which takes new threads for leaks
      run(suite, seed, Set.of());
      for (FileSystem mock : mocks) {
        mock.close(); // fails if a channel was left open
      }
      assertFalse(mocks.isEmpty());
      RingMetrics metrics = opened.metrics();
      // where the file system is quick enough, nearly all is done on the calling threads
      assertTrue(manner == Manner.USUAL || metrics.submitted() > 100, metrics.toString());
      assertTrue(manner != Manner.USUAL || metrics.inlineHits() > 1000, metrics.toString());
    } finally {
      ring = null;
      mocks.clear();
    }
  }

  static Stream<Arguments> files() {
    Stream<Arguments> usual = Stream.of(Arguments.of(CompoundFiles.class, Set.of()));
    // One is for Lucene's nightly runs, the other is on its own list of things to do.
    Set<String> skipped = Set.of("testMergeStability", "testRandomBinaryBig");
    return LongRun.isOn()
        ? Stream.concat(usual, Stream.of(Arguments.of(Points.class, skipped)))
        : usual;
  }

  @ParameterizedTest
  @MethodSource("files")
  void files_passLucenesTests(Class<?> suite, Set<String> skipped) throws Exception {
    long submitted = sum(RingMetrics::submitted);
    long inlineHits = sum(RingMetrics::inlineHits);
    run(suite, seed(16, Manner.USUAL), skipped);
    long onRing = sum(RingMetrics::submitted) - submitted;
    long inline = sum(RingMetrics::inlineHits) - inlineHits;
    String figures = onRing + " operations on rings, " + inline + " inline";
    assertTrue(onRing > 100, figures); // how many of them depends on how quick plain calls are
    assertTrue(inline > 1000, figures);
    assertTrue(onRing + inline > 10_000, figures);
  }

  private static long sum(ToLongFunction<RingMetrics> figure) throws IOException {
    return RingGroup.shared().rings().stream().map(Ring::metrics).mapToLong(figure).sum();
  }
}
