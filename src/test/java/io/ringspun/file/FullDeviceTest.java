package io.ringspun.file;

import static io.ringspun.internal.kernel.Constants.*;
import static java.nio.file.StandardOpenOption.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.Step;
import io.ringspun.raw.Raw;
import io.ringspun.raw.RawOperation;
import io.ringspun.testing.ChildJvm;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Data that a real device loses: a file system on a loop device, whose image lies in a tmpfs that
 * is full. Every write to it succeeds in the page cache and is lost on its way to the device. The
 * mounts are in a namespace of the child's, and gone with it.
 */
class FullDeviceTest {
  private static final String SKIPPED = "skipped: ";

  /** Makes the file system below its first argument, and runs the rest with it. */
  private static final String SCRIPT =
      """
      place=$1; shift
      mkdir "$place/memory" "$place/disk" &&
      mount -t tmpfs -o size=16m none "$place/memory" &&
      truncate -s 64m "$place/memory/image" &&
      mkfs.ext4 -q -F -O ^has_journal -N 256 -E lazy_itable_init=0 "$place/memory/image" &&
      mount -o loop "$place/memory/image" "$place/disk" || {
        echo "skipped: no file system on a loop device here"
        exit 0
      }
      "$@"
      """;

  private static final int BYTES = 256 << 10;

  @Test
  void syncs_neverClaimSuccessForLostData(@TempDir Path place) throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/unshare")), "no unshare(1)");
    assumeTrue("root".equals(System.getProperty("user.name")), "only root may mount");
    String out =
        new ChildJvm()
            .under("unshare", "--mount", "sh", "-c", SCRIPT, "sh", place.toString())
            .withFlagsOfThisOne()
            .run(Program.class, place.toString());
    assumeFalse(out.contains(SKIPPED), out);
    List<String> lines = out.lines().filter(line -> line.startsWith("case ")).toList();
    assertEquals(Program.CASES, lines.size(), out);
    for (String line : lines) {
      assertTrue(line.matches(".*: (ENOSPC|EIO|IOException)( ENOSPC| EIO| IOException)+"), line);
    }
  }

  /** Prints, for each case, what its steps told from the one on that must not succeed. */
  static final class Program {
    static final int CASES = 10;

    private interface Step {
      void run() throws IOException;
    }

    private final Path disk;
    private final Ring ring;

    private Program(Path disk, Ring ring) {
      this.disk = disk;
      this.ring = ring;
    }

    public static void main(String[] args) throws Exception {
      Path place = Path.of(args[0]);
      try (Ring ring = Ring.open()) {
        Program program = new Program(place.resolve("disk"), ring);
        program.fill(place.resolve("memory/filler"));
        program.run();
      }
    }

    /** Leaves no room in the memory, and uses up what the image has been given beforehand. */
    private void fill(Path filler) throws IOException {
      try (FileChannel file = FileChannel.open(filler, CREATE, WRITE)) {
        while (true) {
          file.write(ByteBuffer.allocate(4096));
        }
      } catch (IOException _) {
        // full
      }
      try (FileChannel file = FileChannel.open(disk.resolve("rest"), CREATE, WRITE)) {
        while (true) {
          file.write(ByteBuffer.allocate(BYTES));
          file.force(false);
        }
      } catch (IOException _) {
        // lost
      }
    }

    private void run() throws IOException {
      withFile(
          "sync, raw sync",
          List.of(),
          file ->
              List.of(
                  dirty(file), file::fsync, () -> Raw.of(ring).run(raw(IORING_OP_FSYNC, file))));
      withFile(
          "raw sync, sync",
          List.of(),
          file ->
              List.of(
                  dirty(file), () -> Raw.of(ring).run(raw(IORING_OP_FSYNC, file)), file::fsync));
      withFile(
          "sync of a part, sync",
          List.of(),
          file ->
              List.of(
                  dirty(file),
                  () -> file.syncFileRange(0, 0, SyncRange.values()),
                  file::fdatasync,
                  file::fsync));
      withFile(
          "raw sync of a part, sync",
          List.of(),
          file ->
              List.of(
                  dirty(file),
                  () -> Raw.of(ring).run(raw(IORING_OP_SYNC_FILE_RANGE, file).operationFlags(7)),
                  file::fdatasync));
      withFile(
          "chain, batch",
          List.of(),
          file ->
              List.of(
                  dirty(file),
                  () -> ring.chain().nop().fsync(file).run(),
                  () -> ring.batch().fdatasync(file).run()));
      for (StandardOpenOption sync : List.of(SYNC, DSYNC)) {
        withFile(
            sync + " write, sync",
            List.of(sync),
            file -> List.of(() -> {}, dirty(file), file::fsync, file::fdatasync));
      }
      withFile(
          "raw write that syncs, sync",
          List.of(),
          file -> List.of(() -> {}, () -> Raw.of(ring).run(rawWrite(file)), file::fsync));
      withChannel(List.of(), channel -> List.of(dirty(channel), () -> channel.force(false)));
      withChannel(List.of(DSYNC), channel -> List.of(() -> {}, dirty(channel)));
    }

    private interface Steps<T> {
      List<Step> of(T open);
    }

    private void withFile(String name, List<StandardOpenOption> more, Steps<RingFile> steps)
        throws IOException {
      Set<StandardOpenOption> options = options(more);
      try (RingFile file =
          RingFile.open(ring, disk.resolve(name), options.toArray(StandardOpenOption[]::new))) {
        print(name, steps.of(file));
      }
    }

    private void withChannel(List<StandardOpenOption> more, Steps<FileChannel> steps)
        throws IOException {
      String name = "channel " + more;
      try (FileChannel channel = RingFileChannel.open(ring, disk.resolve(name), options(more))) {
        List<Step> all = new ArrayList<>(steps.of(channel));
        all.add(() -> channel.force(true));
        all.add(() -> channel.force(false));
        print(name, all);
      }
    }

    private static Set<StandardOpenOption> options(List<StandardOpenOption> more) {
      Set<StandardOpenOption> options = new HashSet<>(more);
      options.addAll(List.of(CREATE, WRITE));
      return options;
    }

    /** The first step must succeed, and its success is not told. */
    private static void print(String name, List<Step> steps) throws IOException {
      steps.getFirst().run();
      StringBuilder line = new StringBuilder("case ").append(name).append(':');
      for (Step step : steps.subList(1, steps.size())) {
        line.append(' ').append(outcome(step));
      }
      System.out.println(line);
    }

    private static String outcome(Step step) {
      try {
        step.run();
        return "success";
      } catch (OperationException e) {
        return e.errnoName();
      } catch (IOException e) {
        return e.getClass().getSimpleName();
      }
    }

    private static MemorySegment content() {
      return Arena.ofAuto().allocate(BYTES);
    }

    private static Step dirty(RingFile file) {
      return () -> file.writeFully(content(), 0);
    }

    private static Step dirty(FileChannel channel) {
      return () -> channel.write(ByteBuffer.allocate(BYTES));
    }

    private static RawOperation raw(int opcode, RingFile file) {
      return RawOperation.of(opcode).on(file);
    }

    private static RawOperation rawWrite(RingFile file) {
      return raw(IORING_OP_WRITE, file)
          .address(content(), RawOperation.Access.READS)
          .length(BYTES)
          .operationFlags(RWF_DSYNC);
    }
  }
}
