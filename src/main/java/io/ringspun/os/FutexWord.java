package io.ringspun.os;

import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.Step;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.FutexWait;
import io.ringspun.internal.kernel.Opcode;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.Lending;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.Operation;
import io.ringspun.raw.RawOperation;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;

/**
 * A futex: four bytes of memory on which threads wait, even those of other processes if the memory
 * is shared ({@code futex(2)}, Linux 6.7). A waiting virtual thread parks and occupies no carrier.
 *
 * <p>The memory is read and written by other means, such as a {@link java.lang.invoke.VarHandle}. A
 * waiting thread passes the value that it has read, and does not wait if the value has changed
 * since. A thread that changes the value wakes the others afterwards. When a wait returns, read the
 * value again: wake-ups may be spurious.
 *
 * <p>Safe for use by multiple concurrent threads. The memory must outlive all waits: it must come
 * from {@link java.lang.foreign.Arena#ofAuto}, {@link java.lang.foreign.Arena#global} or a mapped
 * buffer, or be confined to the only thread that uses it.
 *
 * <p>Every blocking method throws
 *
 * <ul>
 *   <li>{@link java.io.InterruptedIOException} if the thread is interrupted, unless it has already
 *       been woken;
 *   <li>{@link io.ringspun.OperationTimeoutException} if a limit set by {@link #within} is
 *       exceeded;
 *   <li>{@link io.ringspun.RingClosedException} and {@link io.ringspun.RingFailedException} if the
 *       ring is closed or has failed;
 *   <li>{@link UnsupportedOperationException} before Linux 6.7;
 *   <li>{@link IllegalArgumentException} if the memory is confined to another thread;
 *   <li>{@link IllegalStateException} if its arena is closed;
 *   <li>{@link OperationException} if the kernel refuses.
 * </ul>
 *
 * @since 0.1
 */
public final class FutexWord {
  /** The mask with all bits set. */
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
   * Returns a word on which threads of other processes may wait, too.
   *
   * @param ring the ring for the operations
   * @param word four bytes of native memory, aligned to four
   * @return the word
   * @throws IllegalArgumentException if the memory has another size or alignment, is not native, or
   *     belongs to a shared arena, which any thread can close
   * @throws IllegalStateException if the memory's arena is closed
   */
  public static FutexWord shared(Ring ring, MemorySegment word) {
    return of(ring, word, 0);
  }

  /**
   * Returns a word on which only threads of this process wait, which is cheaper ({@code
   * FUTEX2_PRIVATE}).
   *
   * @param ring the ring for the operations
   * @param word see {@link #shared}
   * @return the word
   * @throws IllegalArgumentException if {@link #shared} would throw it
   * @throws IllegalStateException if the memory's arena is closed
   */
  public static FutexWord local(Ring ring, MemorySegment word) {
    return of(ring, word, Constants.FUTEX2_PRIVATE);
  }

  private static FutexWord of(Ring ring, MemorySegment word, int scope) {
    Lending.requireUsable(word, false);
    if (word.byteSize() != Integer.BYTES || word.address() % Integer.BYTES != 0) {
      throw new IllegalArgumentException("a futex must be four bytes aligned to four: " + word);
    }
    if (!Lending.isLendable(word)) {
      throw new IllegalArgumentException(
          "any thread could close the arena of the word while others wait: " + word);
    }
    return new FutexWord(EngineAccess.of(ring), word, Constants.FUTEX2_SIZE_U32 | scope, 0);
  }

  /**
   * Returns a view of this word with a time limit on every wait.
   *
   * @param limit positive
   * @return a view of this word
   * @throws IllegalArgumentException if not positive
   */
  public FutexWord within(Duration limit) {
    return new FutexWord(ring, word, flags, Arguments.timeoutNanos(limit));
  }

  /**
   * Blocks until the thread is woken ({@code IORING_OP_FUTEX_WAIT}, Linux 6.7); returns at once if
   * the word has another value.
   *
   * @param expected the value that the caller has read
   * @return true if the thread was woken; false if the word has another value, so that the call did
   *     not wait
   * @throws IOException if the operation fails, as described in {@link FutexWord}
   */
  public boolean await(int expected) throws IOException {
    return await(expected, ANY);
  }

  /**
   * Blocks until the thread is woken by a call with a matching mask; see {@link #await(int)}.
   *
   * @param expected the value that the caller has read
   * @param mask a bit mask; only a wake-up whose mask has a bit in common with it ends the wait
   * @return true if the thread was woken; false if the word has another value
   * @throws IllegalArgumentException if the mask is zero
   * @throws IOException if the operation fails, as described in {@link FutexWord}
   */
  public boolean await(int expected, int mask) throws IOException {
    requireMask(mask);
    ring.capabilities().require(Opcode.FUTEX_WAIT);
    int result =
        single()
            .openEnded()
            .run(
                (operation, _) ->
                    operation.futexWait(
                        word.address(),
                        Integer.toUnsignedLong(expected),
                        Integer.toUnsignedLong(mask),
                        flags));
    return wasWoken("futex_wait", result);
  }

  private static boolean wasWoken(String operation, int result) throws OperationException {
    return result != -Errno.EAGAIN && SystemDescriptor.check(operation, result) >= 0;
  }

  /**
   * Wakes waiting threads ({@code IORING_OP_FUTEX_WAKE}, Linux 6.7). Blocks only until the kernel
   * has done so.
   *
   * @param count the maximum number of threads to wake
   * @return the number of threads woken
   * @throws IllegalArgumentException if the count is less than 1
   * @throws IOException if the operation fails, as described in {@link FutexWord}
   */
  public int wake(int count) throws IOException {
    return wake(count, ANY);
  }

  /**
   * Wakes threads that wait with a matching mask; see {@link #wake(int)}.
   *
   * @param count the maximum number of threads to wake
   * @param mask a bit mask; only threads whose mask has a bit in common with it are woken
   * @return the number of threads woken
   * @throws IllegalArgumentException if the count is less than 1, or the mask is zero
   * @throws IOException if the operation fails, as described in {@link FutexWord}
   */
  public int wake(int count, int mask) throws IOException {
    requireCount(count);
    requireMask(mask);
    ring.capabilities().require(Opcode.FUTEX_WAKE);
    return SystemDescriptor.check(
        "futex_wake",
        single()
            .run(
                (operation, _) ->
                    operation.futexWake(
                        word.address(), count, Integer.toUnsignedLong(mask), flags)));
  }

  private static void requireCount(int count) {
    if (count < 1) {
      throw new IllegalArgumentException(
          "the number of threads to wake must be positive: " + count);
    }
  }

  /**
   * Returns a step that waits to be woken ({@code IORING_OP_FUTEX_WAIT}, Linux 6.7). The step fails
   * with {@code EINVAL} before Linux 6.7, and with {@code EAGAIN} if the word has another value
   * when it begins. The time limit of this word does not apply; see {@link Step#within}.
   *
   * @param expected the value that the caller has read
   * @return the step
   * @throws IllegalArgumentException if the memory is confined to another thread
   * @throws IllegalStateException if the memory's arena is closed
   */
  public Step awaitStep(int expected) {
    return describe(Constants.IORING_OP_FUTEX_WAIT, Integer.toUnsignedLong(expected)).toStep();
  }

  /**
   * Returns a step that wakes waiting threads ({@code IORING_OP_FUTEX_WAKE}, Linux 6.7). The step
   * fails with {@code EINVAL} before Linux 6.7.
   *
   * @param count the maximum number of threads to wake
   * @return the step, whose result is the number of threads woken
   * @throws IllegalArgumentException if the count is less than 1, or the memory is confined to
   *     another thread
   * @throws IllegalStateException if the memory's arena is closed
   */
  public Step wakeStep(int count) {
    requireCount(count);
    return describe(Constants.IORING_OP_FUTEX_WAKE, count).toStep();
  }

  /** Describes an operation on this word with the mask {@link #ANY}. */
  RawOperation describe(int opcode, long value) {
    return RawOperation.of(opcode)
        .on(flags)
        .address(word, RawOperation.Access.READS)
        .offset(value)
        .address3(Integer.toUnsignedLong(ANY));
  }

  private Operation single() {
    Lending.requireAccessible(word);
    return ring.single().lending(word).within(timeoutNanos);
  }

  /**
   * Blocks until any of several words is woken ({@code IORING_OP_FUTEX_WAITV}, Linux 6.7), on the
   * ring and within the time limit of the first word; returns at once if one of them has another
   * value.
   *
   * @param words the words, up to 128
   * @param expected the values that the caller has read, in the same order
   * @return the index of a word whose waiters were woken, or -1 if a word has another value
   * @throws IllegalArgumentException if there are no words or too many, or the number of values
   *     differs
   * @throws IOException if the operation fails, as described in {@link FutexWord}
   */
  public static int awaitAny(FutexWord[] words, int... expected) throws IOException {
    if (words.length == 0 || words.length > WORDS_MAX || words.length != expected.length) {
      throw new IllegalArgumentException(
          "there must be from 1 to %d words and as many values: %d and %d"
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
      int result =
          ring.single()
              .lending(lent)
              .within(words[0].timeoutNanos)
              .openEnded()
              .run((operation, _) -> operation.futexWaitv(vector.address(), words.length));
      return wasWoken("futex_waitv", result) ? result : -1;
    }
  }

  private static void requireMask(int mask) {
    if (mask == 0) {
      throw new IllegalArgumentException("the mask must not be zero");
    }
  }

  @Override
  public String toString() {
    return "FutexWord[%#x]".formatted(word.address());
  }
}
