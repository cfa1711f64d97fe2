package io.ringspun.testing.channel;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.DELETE_ON_CLOSE;
import static java.nio.file.StandardOpenOption.DSYNC;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.SPARSE;
import static java.nio.file.StandardOpenOption.SYNC;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.RandomDistribution;
import net.jqwik.api.Tuple;

/** Random programs. Most of what they do makes sense; some of it does not. */
public final class Programs {
  private static final int CALLS = 10;
  private static final int FILE_SIZE = 20_000;
  private static final int BUFFERS = 5;
  private static final int IOV_MAX = 1024; // as many buffers as the kernel takes at once

  private Programs() {}

  /** Programs of any kind. */
  public static Arbitrary<Program> any() {
    Arbitrary<Program.Start> starts =
        Arbitraries.frequency(
            Tuple.of(12, Program.Start.FILE),
            Tuple.of(2, Program.Start.NOTHING),
            Tuple.of(2, Program.Start.LINK_TO_FILE),
            Tuple.of(1, Program.Start.LINK_TO_NOTHING));
    return Combinators.combine(
            starts, upTo(FILE_SIZE), openings(), calls().list().ofMinSize(1).ofMaxSize(CALLS))
        .as(Program::new);
  }

  // ---- opening -------------------------------------------------------------------------------

  private static Arbitrary<Opening> openings() {
    Arbitrary<Set<OpenOption>> access =
        Arbitraries.frequency(
            Tuple.of(8, Set.of(READ, WRITE)),
            Tuple.of(3, Set.of(READ)),
            Tuple.of(3, Set.of(WRITE)),
            Tuple.of(4, Set.of(APPEND)),
            Tuple.of(1, Set.of()),
            Tuple.of(1, Set.of(READ, APPEND)));
    Arbitrary<Set<OpenOption>> making =
        Arbitraries.frequency(
            Tuple.of(6, Set.of()),
            Tuple.of(6, Set.of(CREATE)),
            Tuple.of(2, Set.of(CREATE_NEW)),
            Tuple.of(3, Set.of(TRUNCATE_EXISTING)),
            Tuple.of(1, Set.of(CREATE, TRUNCATE_EXISTING)));
    Arbitrary<Set<OpenOption>> more =
        Arbitraries.frequency(
            Tuple.of(80, Set.of()),
            Tuple.of(6, Set.of(DELETE_ON_CLOSE)),
            Tuple.of(6, Set.of(SPARSE)),
            Tuple.of(6, Set.of(LinkOption.NOFOLLOW_LINKS)),
            Tuple.of(1, Set.of(DSYNC)),
            Tuple.of(1, Set.of(SYNC)));
    Arbitrary<String> permissions =
        Arbitraries.frequency(Tuple.of(8, ""), Tuple.of(1, "rw-------"), Tuple.of(1, "rwxr-x--x"));
    return Combinators.combine(access, making, more, permissions)
        .as((some, others, rest, mode) -> new Opening(union(some, others, rest), mode))
        .filter(opening -> !isLenient(opening.options()));
  }

  /** Where CREATE_NEW means nothing, since nothing is written, the JDK follows links regardless. */
  private static boolean isLenient(Set<OpenOption> options) {
    return options.contains(CREATE_NEW)
        && !options.contains(WRITE)
        && !options.contains(APPEND)
        && (options.contains(LinkOption.NOFOLLOW_LINKS) || options.contains(DELETE_ON_CLOSE));
  }

  private static Set<OpenOption> union(
      Set<OpenOption> first, Set<OpenOption> second, Set<OpenOption> third) {
    Set<OpenOption> all = new HashSet<>(first);
    all.addAll(second);
    all.addAll(third);
    return all;
  }

  // ---- calls ---------------------------------------------------------------------------------

  private static Arbitrary<Call> calls() {
    Arbitrary<Call> plain = plainCalls();
    return Arbitraries.frequencyOf(
        Tuple.of(40, plain),
        Tuple.of(1, plain.filter(call -> !isIdle(call)).map(call -> new Call.Interrupted(call))));
  }

  /** Whether it does nothing, so that the JDK sees an interrupt only by some of its ways. */
  private static boolean isIdle(Call call) {
    return call instanceof Call.TransferFrom transfer && transfer.count() == 0;
  }

  private static Arbitrary<Call> plainCalls() {
    Arbitrary<BufferSpec> buffer = buffers(upTo(3_000));
    return Arbitraries.frequencyOf(
        Tuple.of(120, buffer.map(Call.Read::new)),
        Tuple.of(120, buffer.map(Call.Write::new)),
        Tuple.of(80, Combinators.combine(buffer, positions()).as(Call.ReadAt::new)),
        Tuple.of(80, Combinators.combine(buffer, positions()).as(Call.WriteAt::new)),
        Tuple.of(60, several().map(s -> new Call.Scatter(s.buffers, s.offset, s.length))),
        Tuple.of(60, several().map(s -> new Call.Gather(s.buffers, s.offset, s.length))),
        Tuple.of(3, many()),
        Tuple.of(80, places().map(Call.Position::new)),
        Tuple.of(30, Arbitraries.just(new Call.Size())),
        Tuple.of(50, positions().map(Call.Truncate::new)),
        Tuple.of(2, Arbitraries.of(true, false).map(Call.Force::new)),
        Tuple.of(50, transfers(positions(), Call.TransferTo::new)),
        Tuple.of(
            50, transfers(places(), (at, count, peer) -> new Call.TransferFrom(peer, at, count))),
        Tuple.of(30, maps()),
        Tuple.of(15, Arbitraries.just(new Call.ReadMapping())),
        Tuple.of(20, mappingWrites()),
        Tuple.of(30, locks()),
        Tuple.of(15, upTo(5).map(Call.Release::new)),
        Tuple.of(15, Arbitraries.just(new Call.Close())),
        Tuple.of(25, openings().map(Call.Reopen::new)));
  }

  private static Arbitrary<Call> many() {
    return Combinators.combine(
            buffers(upTo(3)),
            Arbitraries.integers().between(IOV_MAX - 1, IOV_MAX + 200),
            Arbitraries.of(true, false))
        .as(Call.Many::new);
  }

  private interface OfTransfer {
    Call make(long at, long count, Peer peer);
  }

  private static Arbitrary<Call> transfers(Arbitrary<Long> at, OfTransfer made) {
    return Combinators.combine(at, positions(), Arbitraries.of(Peer.class)).as(made::make);
  }

  /** Not past what a file may grow to, for a map may make it grow. */
  private static Arbitrary<Call> maps() {
    Arbitrary<Long> at = mostly(upTo(FILE_SIZE), -1L, Long.MIN_VALUE);
    Arbitrary<Long> size = mostly(upTo(5_000), -1L, Long.MAX_VALUE);
    return Combinators.combine(
            Arbitraries.of(Call.Map.Mode.class), at, size, Arbitraries.of(true, false))
        .as(Call.Map::new);
  }

  private static Arbitrary<Call> mappingWrites() {
    return Combinators.combine(upTo(600), Arbitraries.bytes()).as(Call.WriteMapping::new);
  }

  private static Arbitrary<Call> locks() {
    Arbitrary<Boolean> either = Arbitraries.of(true, false);
    return Combinators.combine(positions(), positions(), either, either).as(Call.Lock::new);
  }

  // ---- arguments -----------------------------------------------------------------------------

  /** Small numbers and zero are common. */
  private static Arbitrary<Integer> upTo(int most) {
    return Arbitraries.frequencyOf(
        Tuple.of(1, Arbitraries.just(0)),
        Tuple.of(3, Arbitraries.integers().between(0, Math.min(most, 100))),
        Tuple.of(4, Arbitraries.integers().between(0, most).withDistribution(UNIFORM)));
  }

  private static final RandomDistribution UNIFORM = RandomDistribution.uniform();

  private static Arbitrary<Long> mostly(Arbitrary<Integer> usual, Long... odd) {
    return Arbitraries.frequencyOf(
        Tuple.of(20, usual.map(Integer::longValue)), Tuple.of(1, Arbitraries.of(odd)));
  }

  /** Nothing between a file's size and the last position: files would get too large to compare. */
  private static Arbitrary<Long> positions() {
    return mostly(upTo(FILE_SIZE + 4_000), -1L, Long.MIN_VALUE, Long.MAX_VALUE);
  }

  /** Without the last position, which some file systems refuse to some calls. */
  private static Arbitrary<Long> places() {
    return mostly(upTo(FILE_SIZE + 4_000), -1L, Long.MIN_VALUE);
  }

  private static Arbitrary<BufferSpec> buffers(Arbitrary<Integer> sizes) {
    Arbitrary<Integer> margin = Arbitraries.frequency(Tuple.of(3, 0), Tuple.of(1, 7));
    Arbitrary<Boolean> readOnly = Arbitraries.frequency(Tuple.of(15, false), Tuple.of(1, true));
    return Combinators.combine(
            Arbitraries.of(BufferSpec.Make.class), margin, sizes, margin, readOnly)
        .as(BufferSpec::new);
  }

  private record Several(List<BufferSpec> buffers, int offset, int length) {}

  /** Several buffers, and mostly all of them. */
  private static Arbitrary<Several> several() {
    Arbitrary<Integer> skipped =
        Arbitraries.frequency(
            Tuple.of(10, 0), Tuple.of(2, 1), Tuple.of(2, 2), Tuple.of(1, -1), Tuple.of(1, 9));
    return Combinators.combine(buffers(upTo(2_000)).list().ofMaxSize(BUFFERS), skipped, skipped)
        .as((list, first, last) -> new Several(list, first, list.size() - first - last));
  }
}
