package io.ringspun.os;

import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.FutexWait;
import io.ringspun.internal.kernel.Opcode;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.Lending;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.Operation;
import io.ringspun.raw.RawOperation;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Four bytes of memory that threads wait for, those of other processes too if the memory is shared
 * ({@code futex(2)}, Linux 6.7). Waiting parks a virtual thread and holds no carrier.
 *
 * <p>The memory is read and written by other means, such as a {@link java.lang.invoke.VarHandle}:
 * who waits says which value it has seen there, and does not wait if that has changed since; who
 * changes it wakes the others afterwards. A call that returns says only that it is time to look
 * again.
 *
 * <p>Safe for use by many threads. The memory must outlive all waits: it is of {@link
 * java.lang.foreign.Arena#ofAuto}, {@link java.lang.foreign.Arena#global}, a mapped buffer, or
 * confined to the one thread that uses it.
 *
 * <p>Every blocking method throws
 *
 * <ul>
 *   <li>{@link java.io.InterruptedIOException} if the thread is interrupted, unless it was woken by
 *       then;
 *   <li>{@link io.ringspun.OperationTimeoutException} if a limit set by {@link #withTimeout} ends
 *       it;
 *   <li>{@link io.ringspun.RingClosedException} and {@link io.ringspun.RingFailedException} if the
 *       ring is gone;
 *   <li>{@link UnsupportedOperationException} before Linux 6.7;
 *   <li>{@link IllegalArgumentException} if the memory is confined to another thread;
 *   <li>{@link IllegalStateException} if its arena is closed;
 *   <li>{@link OperationException} if the kernel refuses.
 * </ul>
 *
 * @since 0.1
 */
public final class FutexWord {
  /** What is in every mask. */
  public static final int ANY = -1;

  private static final int WORDS_MAX = 128;

  private final Engine ring;
  private final MemorySegment word;
  private final int flags; // FUTEX2_
  private final long timeoutNanos; // 0 for none

  private FutexWord(Engine ring, MemorySegment word, int flags, long timeoutNanos) {
    this.ring = ring;
    this.word = word;
    this.flags = flags;
    this.timeoutNanos = timeoutNanos;
  }

  /**
   * Describes a word that other processes may wait for.
   *
   * @param ring where the operations run
   * @param word four bytes of native memory, at an address that is a multiple of four
   * @return the word
   * @throws IllegalArgumentException if the memory is not like that, or of an arena that any thread
   *     can close
   */
  public static FutexWord shared(Ring ring, MemorySegment word) {
    return of(ring, word, 0);
  }

  /**
   * Describes a word that only threads of this process wait for, which costs less ({@code
   * FUTEX2_PRIVATE}).
   *
   * @param ring where the operations run
   * @param word as for {@link #shared}
   * @return the word
   * @throws IllegalArgumentException as for {@link #shared}
   */
  public static FutexWord local(Ring ring, MemorySegment word) {
    return of(ring, word, Constants.FUTEX2_PRIVATE);
  }

  private static FutexWord of(Ring ring, MemorySegment word, int scope) {
    Lending.requireUsable(word, false);
    if (word.byteSize() != Integer.BYTES || word.address() % Integer.BYTES != 0) {
      throw new IllegalArgumentException("a futex is four bytes, aligned to four: " + word);
    }
    if (!Lending.isLendable(word)) {
      throw new IllegalArgumentException(
          "the word's arena can be closed by any thread while others wait: " + word);
    }
    return new FutexWord(EngineAccess.of(ring), word, Constants.FUTEX2_SIZE_U32 | scope, 0);
  }

  /**
   * Returns this word with a time limit on every wait.
   *
   * @param limit positive
   * @return another view of this word
   * @throws IllegalArgumentException if not positive
   */
  public FutexWord withTimeout(Duration limit) {
    return new FutexWord(ring, word, flags, Arguments.timeoutNanos(limit));
  }

  /**
   * Waits to be woken ({@code IORING_OP_FUTEX_WAIT}, Linux 6.7), unless the word has another value.
   *
   * @param expected the value that the caller has seen
   * @return false if the word has another value, so that there is nothing to wait for
   * @throws IOException if the operation fails, as described in {@link FutexWord}
   */
  public boolean await(int expected) throws IOException {
    return await(expected, ANY);
  }

  /**
   * Waits to be woken for a certain purpose; see {@link #await(int)}.
   *
   * @param expected the value that the caller has seen
   * @param mask which wakes to heed: those whose mask has a bit in common
   * @return false if the word has another value
   * @throws IllegalArgumentException if the mask is zero
   * @throws IOException if the operation fails, as described in {@link FutexWord}
   */
  public boolean await(int expected, int mask) throws IOException {
    requireMask(mask);
    ring.capabilities().require(Opcode.FUTEX_WAIT);
    int result =
        run(
            operation -> {
              operation.futexWait(
                  word.address(),
                  Integer.toUnsignedLong(expected),
                  Integer.toUnsignedLong(mask),
                  flags);
              operation.openEnded();
            });
    return wasWoken("futex_wait", result);
  }

  private static boolean wasWoken(String operation, int result) throws OperationException {
    return result != -Errno.EAGAIN && SystemDescriptor.check(operation, result) >= 0;
  }

  /**
   * Wakes threads that wait ({@code IORING_OP_FUTEX_WAKE}, Linux 6.7). Blocks for no longer than
   * that takes.
   *
   * @param count how many at most
   * @return how many were woken
   * @throws IllegalArgumentException if the count is less than 1
   * @throws IOException if the operation fails, as described in {@link FutexWord}
   */
  public int wake(int count) throws IOException {
    return wake(count, ANY);
  }

  /**
   * Wakes threads that wait for a certain purpose; see {@link #wake(int)}.
   *
   * @param count how many at most
   * @param mask for which purposes
   * @return how many were woken
   * @throws IllegalArgumentException if the count is less than 1, or the mask is zero
   * @throws IOException if the operation fails, as described in {@link FutexWord}
   */
  public int wake(int count, int mask) throws IOException {
    requireCount(count);
    requireMask(mask);
    ring.capabilities().require(Opcode.FUTEX_WAKE);
    return SystemDescriptor.check(
        "futex_wake",
        run(
            operation ->
                operation.futexWake(word.address(), count, Integer.toUnsignedLong(mask), flags)));
  }

  static void requireCount(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("none to wake: " + count);
    }
  }

  /** Describes an operation on this word for any purpose. */
  RawOperation describe(int opcode, long value) {
    return RawOperation.of(opcode)
        .on(flags)
        .address(word, RawOperation.Access.READS)
        .offset(value)
        .address3(Integer.toUnsignedLong(ANY));
  }

  private int run(Consumer<Operation> encoder) throws IOException {
    Lending.requireAccessible(word);
    Call call = ring.single().timeoutNanos(timeoutNanos);
    encoder.accept(call.operation(0));
    call.operation(0).using(null, word);
    return ring.run(call);
  }

  /**
   * Waits for any of several words ({@code IORING_OP_FUTEX_WAITV}, Linux 6.7), on the ring of the
   * first and by its time limit, unless one of them has another value.
   *
   * @param words up to 128 of them
   * @param expected the values that the caller has seen, in the same order
   * @return the index of one whose waiters were woken, or -1 if one has another value
   * @throws IllegalArgumentException if there are no words, too many, or not as many values
   * @throws IOException if the operation fails, as described in {@link FutexWord}
   */
  public static int awaitAny(FutexWord[] words, int... expected) throws IOException {
    if (words.length == 0 || words.length > WORDS_MAX || words.length != expected.length) {
      throw new IllegalArgumentException(
          "1 to %d words and as many values, not %d and %d"
              .formatted(WORDS_MAX, words.length, expected.length));
    }
    Engine ring = words[0].ring;
    ring.capabilities().require(Opcode.FUTEX_WAITV);
    try (NativePool.Block vector = NativePool.take(words.length * FutexWait.SIZE_BYTES)) {
      Object[] lent = new Object[words.length + 1];
      lent[words.length] = vector;
      for (int i = 0; i < words.length; i++) {
        MemorySegment word = words[i].word;
        Lending.requireAccessible(word);
        lent[i] = word;
        FutexWait.put(vector.memory(), i, word.address(), expected[i], words[i].flags);
      }
      Call call = ring.single().timeoutNanos(words[0].timeoutNanos);
      call.operation(0).futexWaitv(vector.address(), words.length);
      call.operation(0).using(null, lent).openEnded();
      int result = ring.run(call);
      return wasWoken("futex_waitv", result) ? result : -1;
    }
  }

  private static void requireMask(int mask) {
    if (mask == 0) {
      throw new IllegalArgumentException("the mask is zero: nothing could match it");
    }
  }

  @Override
  public String toString() {
    return "FutexWord[%#x]".formatted(word.address());
  }
}
