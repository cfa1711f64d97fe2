package io.ringspun.internal.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.testing.Once;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.Field;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The table against the C library's own. */
@Once
class ErrnoTest {
  private static final int LAST = 140; // behind the last number that Linux has

  @Test
  void text_sameAsStrerror() throws Throwable {
    MethodHandle strerror = find("strerror").orElseThrow();
    assumeTrue(
        string((MemorySegment) strerror.invokeExact(5)).equals("Input/output error"),
        "this C library has texts of its own, or speaks another language");
    for (int errno = 1; errno <= LAST; errno++) {
      assertEquals(string((MemorySegment) strerror.invokeExact(errno)), Errno.text(errno));
    }
  }

  @Test
  void name_sameAsTheCLibrarys() throws Throwable {
    Optional<MethodHandle> found = find("strerrorname_np");
    assumeTrue(found.isPresent(), "the C library has no strerrorname_np (glibc 2.32)");
    MethodHandle name = found.get();
    for (int errno = 1; errno <= LAST; errno++) {
      MemorySegment theirs = (MemorySegment) name.invokeExact(errno);
      assertEquals(
          theirs.address() == 0 ? "E" + errno : string(theirs), Errno.name(errno), "" + errno);
    }
  }

  @Test
  void constants_areNamedInTheTable() throws IllegalAccessException {
    for (Field field : Errno.class.getFields()) {
      assertEquals(field.getName(), Errno.name(field.getInt(null)));
    }
  }

  @Test
  void describe_hasAllThree() {
    assertEquals("No space left on device (ENOSPC, errno 28)", Errno.describe(28));
    assertEquals("Unknown error 9999 (E9999, errno 9999)", Errno.describe(9999));
  }

  private static Optional<MethodHandle> find(String function) {
    Linker linker = Linker.nativeLinker();
    return linker
        .defaultLookup()
        .find(function)
        .map(symbol -> linker.downcallHandle(symbol, FunctionDescriptor.of(ADDRESS, JAVA_INT)));
  }

  private static String string(MemorySegment address) {
    return address.reinterpret(Long.MAX_VALUE).getString(0);
  }
}
