package io.ringspun.os;

import io.ringspun.Ring;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Another process at the same words: answers each even value of the first with the next odd one.
 */
final class FutexProgram {
  static final int ROUNDS = 100;
  static final VarHandle VALUE = ValueLayout.JAVA_INT.varHandle();

  private FutexProgram() {}

  static MemorySegment map(Path path) throws Exception {
    try (FileChannel file =
        FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return file.map(FileChannel.MapMode.READ_WRITE, 0, 4096, Arena.ofAuto()).asSlice(0, 4);
    }
  }

  /** Waits until the word has a value; who sets it wakes. */
  static void awaitValue(FutexWord futex, MemorySegment word, int value) throws Exception {
    for (int seen; (seen = (int) VALUE.getVolatile(word, 0L)) != value; ) {
      futex.await(seen);
    }
  }

  static void set(FutexWord futex, MemorySegment word, int value) throws Exception {
    VALUE.setVolatile(word, 0L, value);
    futex.wake(Integer.MAX_VALUE);
  }

  public static void main(String[] args) throws Exception {
    MemorySegment word = map(Path.of(args[0]));
    try (Ring ring = Ring.open()) {
      FutexWord futex = FutexWord.shared(ring, word);
      for (int i = 1; i <= ROUNDS; i++) {
        awaitValue(futex, word, 2 * i);
        set(futex, word, 2 * i + 1);
      }
    }
    System.out.println("answered " + VALUE.getVolatile(word, 0L));
  }
}
