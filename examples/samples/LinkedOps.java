package samples;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import io.ringspun.Outcome;
import io.ringspun.Outcomes;
import io.ringspun.Ring;
import io.ringspun.Step;
import io.ringspun.file.RingFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** Linked operations: each begins when the previous one has succeeded, all in one submission. */
public final class LinkedOps {
  private LinkedOps() {}

  /** Works on the named file, or on {@code linked.txt}. */
  public static void main(String[] args) throws IOException {
    Path path = Path.of(args.length > 0 ? args[0] : "linked.txt");
    try (Ring ring = Ring.open();
        RingFile file = RingFile.open(ring, path, CREATE, TRUNCATE_EXISTING, READ, WRITE);
        Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocateFrom("written, synced, read back");
      MemorySegment copy = arena.allocate(text.byteSize());

      Outcomes good = ring.chain().write(file, text, 0).fsync(file).read(file, copy, 0).run();
      print("write, fsync, read", good);
      System.out.println("read: " + copy.getString(0));

      // A read at the end of the file falls short, which breaks the chain.
      Outcomes broken = ring.chain().read(file, copy, file.size()).write(file, text, 0).attempt();
      print("read at the end, write", broken);

      Outcomes hard =
          ring.chain()
              .read(file, copy, file.size())
              .add(Step.write(file, text, 0).evenIfPreviousFailed())
              .attempt();
      print("read at the end, hard link, write", hard);
    }
  }

  private static void print(String what, Outcomes outcomes) {
    System.out.println(what + ":");
    for (Outcome outcome : outcomes) {
      System.out.printf(
          "  operation %d: %s%n",
          outcome.position(), outcome.isCancelled() ? "cancelled" : "result " + outcome.result());
    }
  }
}
