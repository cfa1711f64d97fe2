package io.ringspun.internal.kernel;

import static io.ringspun.internal.kernel.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.testing.Liburing;
import io.ringspun.testing.Once;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The flags of {@code io_uring_setup} are 32 bits wide; half of them do not fit into 16. */
@Once
class SetupFlagsTest {

  static Stream<Field> flags() {
    return Arrays.stream(Constants.class.getFields())
        .filter(field -> field.getName().startsWith("IORING_SETUP_"));
  }

  @ParameterizedTest
  @MethodSource("flags")
  void writeTo_keepsTheFlag(Field field) throws ReflectiveOperationException {
    int flag = field.getInt(null);
    assertEquals(1, Integer.bitCount(flag));
    assertEquals(flag, written(new RingParams(8, 0, flag)));
    assertEquals(~flag, written(new RingParams(8, 0, ~flag, -1, -1, -1)));
  }

  @Test
  void flags_allDifferent() throws ReflectiveOperationException {
    int all = 0;
    List<Field> fields = flags().toList();
    for (Field field : fields) {
      all |= field.getInt(null);
    }
    assertEquals(fields.size(), Integer.bitCount(all));
    assertTrue(fields.size() >= 19);
  }

  private static int written(RingParams params) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment struct = arena.allocate(RingParams.LAYOUT);
      params.writeTo(struct);
      assertEquals(params.cqEntries(), RingParams.get(struct, "cq_entries"));
      assertEquals(params.sqThreadCpu(), RingParams.get(struct, "sq_thread_cpu"));
      assertEquals(params.sqThreadIdleMillis(), RingParams.get(struct, "sq_thread_idle"));
      assertEquals(params.attachTo(), RingParams.get(struct, "wq_fd"));
      assertEquals(params.sqEntries(), RingParams.get(struct, "sq_entries"));
      return RingParams.get(struct, "flags");
    }
  }

  /** Sets that make sense to the kernel, from Linux 5.1 on; older ones skip the newest. */
  @ParameterizedTest
  @ValueSource(
      ints = {
        0,
        IORING_SETUP_IOPOLL,
        IORING_SETUP_SQPOLL,
        IORING_SETUP_SQPOLL | IORING_SETUP_SQ_AFF,
        IORING_SETUP_CLAMP,
        IORING_SETUP_R_DISABLED,
        IORING_SETUP_SUBMIT_ALL,
        IORING_SETUP_COOP_TASKRUN,
        IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
        IORING_SETUP_SQE128,
        IORING_SETUP_CQE32,
        IORING_SETUP_SINGLE_ISSUER,
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_R_DISABLED,
        IORING_SETUP_NO_SQARRAY,
        IORING_SETUP_IOPOLL | IORING_SETUP_HYBRID_IOPOLL,
        IORING_SETUP_CQE_MIXED,
      })
  void open_reportsTheFlagsInForce(int flags) throws ErrnoException {
    RingMemory ring;
    try {
      ring = LinuxKernel.INSTANCE.open(new RingParams(8, 0, flags, 0, 10, 0));
    } catch (ErrnoException e) {
      assumeTrue(
          flags == 0 || (e.errno() != Errno.EINVAL && e.errno() != Errno.EPERM),
          () -> "this kernel has not got the flags %#x: %s".formatted(flags, e.getMessage()));
      throw e;
    }
    try {
      assertEquals(flags, ring.flags());
      for (int bit = 0; bit < Integer.SIZE; bit++) {
        assertEquals((flags & 1 << bit) != 0, ring.hasFlag(1 << bit));
      }
      assertEquals(8, ring.submission().count());
      assertEquals(16, ring.completion().count());
    } finally {
      LinuxKernel.INSTANCE.close(ring);
    }
  }

  @Liburing("cq-size")
  @Test
  void open_cqSize() throws ErrnoException {
    RingMemory ring = LinuxKernel.INSTANCE.open(new RingParams(8, 64, IORING_SETUP_CQSIZE));
    try {
      assertEquals(64, ring.completion().count());
    } finally {
      LinuxKernel.INSTANCE.close(ring);
    }
  }

  @Liburing("io_uring_setup")
  @Test
  void open_tooManyEntriesUnlessClamped() throws ErrnoException {
    int tooMany = 1 << 20;
    ErrnoException refused =
        assertThrows(
            ErrnoException.class, () -> LinuxKernel.INSTANCE.open(new RingParams(tooMany, 0, 0)));
    assertEquals(Errno.EINVAL, refused.errno());
    RingMemory ring = LinuxKernel.INSTANCE.open(new RingParams(tooMany, 0, IORING_SETUP_CLAMP));
    try {
      assertEquals(32_768, ring.submission().count());
    } finally {
      LinuxKernel.INSTANCE.close(ring);
    }
  }
}
