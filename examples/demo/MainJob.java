package demo;

import io.ringspun.Availability;
import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.RingGroup;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What to run first: {@code mvn -q compile exec:exec}, perhaps with {@code -Dfile=PATH}. It reads a
 * file, copies it, writes to small files, looks names up and commits a log, through Ringspun and
 * through {@link FileChannel}, checks that both come to the same bytes, and prints a table of how
 * fast they were and what CPU time they took.
 *
 * <p>{@link RingspunArm} and {@link FileChannelArm} are the two ways; {@link ReadWork}, {@link
 * WriteWork}, {@link NameWork}, {@link CopyWork} and {@link LogWork} are the work. Exit status: 0
 * done, 1 something is in the way, 2 wrong usage or an empty file, 3 the bytes differ.
 */
public final class MainJob {
  private static final int[] THREADS = {1, 32, 1000};
  private static final int[] EVERYDAY_THREADS = {1, 32};
  private static final int[] COMMITTERS = {1, 64};

  /** All work is done on this many bytes at most, from the beginning of the file. */
  private static final long BYTES_MAX = 256L << 20;

  private static final long LOAD_NANOS = 3_000_000_000L;
  private static final PrintStream OUT = System.out;

  private MainJob() {}

  /** Runs the job; see the class comment. */
  public static void main(String[] args) {
    System.exit(run(args));
  }

  private static int run(String[] args) {
    if (List.of(args).contains("--help")) {
      OUT.println(Settings.USAGE);
      return 0;
    }
    try {
      compare(Settings.parse(args));
      return 0;
    } catch (RefusedException e) {
      System.err.println("ringspun: " + e.getMessage());
      return e.status();
    } catch (DigestMismatchException e) {
      System.err.printf("ringspun: %s. Is the file being written to?%n", e.getMessage());
      return 3;
    } catch (IOException e) {
      System.err.println("ringspun: " + explain(e));
      return 1;
    }
  }

  private static void compare(Settings settings) throws IOException, RefusedException {
    long start = System.nanoTime();
    Availability availability = Ring.availability();
    if (!availability.isAvailable()) {
      throw RefusedException.because(
          "io_uring is not available: %s. %s"
              .formatted(availability.reason().orElseThrow(), availability.remedy().orElseThrow()));
    }
    long byteCount = load(settings.file());
    try (RingGroup rings = RingGroup.open();
        WorkDirectory directory = WorkDirectory.make(settings.parent())) {
      requireRoom(settings.parent(), byteCount);
      introduce(settings, availability, rings, byteCount);
      try {
        List<Row> rows = measure(settings, rings, byteCount, directory.path());
        Table.print(OUT, rows);
        conclude(settings, rows, (System.nanoTime() - start) / 1e9);
      } catch (IOException e) {
        if (!directory.isExiting()) { // else Ctrl-C took the files away
          throw e;
        }
      }
    }
  }

  /** Brings the file into the page cache, and returns how much of it there is to work on. */
  private static long load(Path file) throws IOException, RefusedException {
    long deadline = System.nanoTime() + LOAD_NANOS;
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
    long loaded = 0;
    try (FileChannel channel = FileChannel.open(file)) {
      while (loaded < BYTES_MAX && System.nanoTime() < deadline) {
        int n = channel.read(buffer.clear(), loaded);
        if (n <= 0) {
          break;
        }
        loaded += n;
      }
    }
    if (loaded == 0) {
      throw RefusedException.usage(file + ": is empty; name a file with something in it");
    }
    return loaded;
  }

  private static void requireRoom(Path directory, long byteCount)
      throws IOException, RefusedException {
    long usable = Files.getFileStore(directory).getUsableSpace();
    if (usable < byteCount) {
      throw RefusedException.because(
          ("%s: no space left for a copy: it takes %s, and there is %s; choose another directory"
                  + " with -Dwork=DIR")
              .formatted(directory, size(byteCount), size(usable)));
    }
  }

  private static void introduce(
      Settings settings, Availability availability, RingGroup rings, long byteCount)
      throws IOException {
    int count = rings.rings().size();
    OUT.printf(
        "%d CPUs, Linux %s, Java %s; %d ring%s %s virtual threads; liburing: %s%n",
        Runtime.getRuntime().availableProcessors(),
        availability.kernel(),
        Runtime.version(),
        count,
        count == 1 ? "" : "s",
        availability.carriesVirtualThreads() ? "carrying" : "not carrying",
        availability.liburing());
    long all = Files.size(settings.file());
    OUT.printf(
        "%s, %s%s; copy and log in %s (%s)%n%n",
        settings.file(),
        byteCount < all ? "the first %s of ".formatted(size(byteCount)) : "",
        size(all),
        settings.parent(),
        Files.getFileStore(settings.parent()).type());
  }

  private static List<Row> measure(
      Settings settings, RingGroup rings, long byteCount, Path directory) throws IOException {
    List<Work> works = works(settings.file(), byteCount, directory);
    Contest contest = new Contest(new RingspunArm(rings), new FileChannelArm(), settings.plan());
    List<Row> rows = new ArrayList<>();
    try (Progress progress = new Progress(OUT, 1 + works.size())) {
      progress.next("warm-up");
      Set<String> kinds = new HashSet<>();
      for (Work work : works) {
        boolean isSmall = work.mode().equals("cached") && !(work instanceof CopyWork);
        if (isSmall && kinds.add(work.name())) {
          contest.warmUp(work);
        }
      }
      for (Work work : works) {
        progress.next(work.describe());
        rows.add(contest.measure(work, progress::update));
      }
    }
    return rows;
  }

  private static List<Work> works(Path file, long byteCount, Path directory) {
    List<Work> works = new ArrayList<>();
    for (boolean direct : new boolean[] {false, true}) {
      for (int threads : THREADS) {
        works.add(ReadWork.random(file, byteCount, direct, threads));
      }
      for (int threads : THREADS) {
        works.add(ReadWork.whole(file, byteCount, direct, threads));
      }
    }
    for (int threads : EVERYDAY_THREADS) {
      works.add(new WriteWork(directory, threads));
    }
    for (NameWork work : NameWork.values()) {
      for (int threads : EVERYDAY_THREADS) {
        works.add(work.on(directory, threads));
      }
    }
    works.add(new CopyWork(file, byteCount, directory));
    for (int threads : COMMITTERS) {
      works.add(new LogWork(directory, threads));
    }
    return works;
  }

  private static void conclude(Settings settings, List<Row> rows, double seconds) {
    long measured = rows.stream().filter(Row.Measured.class::isInstance).count();
    OUT.printf(
        """

        An operation is one block read and its CRC-32C, one block written or copied, one name looked
        up, one file opened and closed, one directory listed, or one record committed.
        Rates are medians of rounds in turn; CPU time is that of the whole process; ratios are
        Ringspun to FileChannel: above 1 is faster, below 1 is cheaper.
        Both came to the same bytes: the digests of all %d rows agree. Took %.0f s.
        """,
        measured, seconds);
    if (settings.plan() == Contest.Plan.QUICK) {
      OUT.println("This was a quick run: it shows that all is well, not how fast it is.");
    }
  }

  /** Says what is wrong in one line. */
  private static String explain(IOException e) {
    String message = String.valueOf(e.getMessage());
    boolean isFull =
        e instanceof OperationException failed
            ? failed.errnoName().equals("ENOSPC")
            : message.contains("No space left on device");
    if (isFull) {
      return "no space left for the copy and the log; choose another directory with -Dwork=DIR";
    }
    return switch (e) {
      case NoSuchFileException _ -> message + ": no such file";
      case AccessDeniedException _ -> message + ": permission denied";
      default -> message.isEmpty() ? e.toString() : message;
    };
  }

  private static String size(long byteCount) {
    return byteCount < 1 << 20
        ? "%,d bytes".formatted(byteCount)
        : "%,.1f MiB".formatted(byteCount / (double) (1 << 20));
  }
}
