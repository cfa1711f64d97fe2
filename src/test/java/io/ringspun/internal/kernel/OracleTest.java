package io.ringspun.internal.kernel;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.testing.CCompiler;
import io.ringspun.testing.Once;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What we write by hand against what liburing's header says. The encoders are found by reflection,
 * so one that is added without a row in {@code oracle.c}, or in {@code entries.txt} if liburing
 * does not know it, fails here.
 */
@Once
class OracleTest {
  private static final long[] INTS = {
    0, 1, 7, Constants.AT_FDCWD, -1, 4096, Constants.MAX_RW_COUNT, Integer.MAX_VALUE, 0x80000000
  };
  private static final long[] LONGS = {
    0,
    1,
    4096,
    0x7fff_ffffL,
    0x8000_0000L,
    0xffff_ffffL,
    (4L << 30) + 511,
    (1L << 62) + 12_345,
    Long.MAX_VALUE,
    0x7ffd_1234_5678L
  };
  private static final Map<String, StructLayout> LAYOUTS =
      Map.ofEntries(
          Map.entry("io_uring_sqe", SubmissionEntry.LAYOUT),
          Map.entry("io_uring_cqe", CompletionEntry.LAYOUT),
          Map.entry("io_uring_params", RingParams.LAYOUT),
          Map.entry("open_how", OpenHow.LAYOUT),
          Map.entry("__kernel_timespec", Timespec.LAYOUT),
          Map.entry("futex_waitv", FutexWait.LAYOUT),
          Map.entry("siginfo_t", SigInfo.LAYOUT),
          Map.entry("sigaction", WakeSignal.LAYOUT),
          Map.entry("pollfd", PollEntry.LAYOUT),
          Map.entry("io_sqring_offsets", RingParams.SQ_OFFSETS),
          Map.entry("io_cqring_offsets", RingParams.CQ_OFFSETS),
          Map.entry("io_uring_rsrc_register", SparseTable.LAYOUT),
          Map.entry("io_uring_file_index_range", SparseTable.RANGE),
          Map.entry("io_uring_restriction", Registration.RESTRICTION),
          Map.entry("io_uring_rsrc_update", OwnRing.LAYOUT),
          Map.entry("io_uring_rsrc_update2", BufferRegistration.UPDATE),
          Map.entry("io_uring_buf", BufferRingMemory.ENTRY),
          Map.entry("io_uring_buf_reg", BufferRingMemory.REGISTRATION),
          Map.entry("io_uring_recvmsg_out", ReceivedMessage.LAYOUT),
          Map.entry("msghdr", MessageHeader.LAYOUT),
          Map.entry("cmsghdr", ControlMemory.LAYOUT),
          Map.entry("statx", Statx.LAYOUT),
          Map.entry(
              "statx_timestamp",
              (StructLayout) Statx.LAYOUT.select(groupElement("stx_mtime")).withoutName()));

  /** What an entry may have been filled with: together, a value for every field. */
  static final List<Consumer<SubmissionEntry>> BEFORE =
      List.of(
          entry -> entry.raw(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1),
          entry -> entry.readFixed(-1, -1, -1, -1, -1),
          entry -> entry.setxattr(-1, -1, -1, -1, -1),
          entry -> entry.openatRegistered(-1, -1, -1, -1));

  @TempDir private Path directory;

  /** One entry to be filled by both sides. */
  record Row(Method method, long[] arguments, int flags, long userData) {
    String question() {
      return method.getName()
          + Arrays.stream(arguments).mapToObj(a -> " " + a).collect(Collectors.joining())
          + " "
          + flags
          + " "
          + userData;
    }

    /** Fills dirty memory, so that a byte left alone shows. */
    String ours(Consumer<SubmissionEntry> before, MemorySegment memory)
        throws ReflectiveOperationException {
      SubmissionEntry entry = new SubmissionEntry();
      before.accept(entry);
      Class<?>[] types = method.getParameterTypes();
      Object[] boxed = new Object[arguments.length];
      for (int i = 0; i < boxed.length; i++) {
        if (types[i] == int.class) {
          boxed[i] = (int) arguments[i];
        } else {
          boxed[i] = arguments[i];
        }
      }
      method.invoke(entry, boxed);
      memory.fill((byte) 0xa5);
      entry.writeTo(memory, 64, userData, flags);
      for (int i = 0; i < 64; i++) {
        assertEquals((byte) 0xa5, memory.get(ValueLayout.JAVA_BYTE, i), "wrote before the entry");
        assertEquals(
            (byte) 0xa5, memory.get(ValueLayout.JAVA_BYTE, 128 + i), "wrote behind the entry");
      }
      return HexFormat.of().formatHex(memory.asSlice(64, 64).toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @Test
  void encoders_sameBytesAsLiburing() throws Exception {
    Path oracle = CCompiler.findOrSkip().compile("oracle.c", directory);
    Set<String> second = EntriesTest.table().keySet();
    List<Row> rows = rows();
    String questions = rows.stream().map(Row::question).collect(Collectors.joining("\n", "", "\n"));
    List<String> answers =
        CCompiler.run(questions, oracle.toString(), "sqe").expectSuccess().lines().toList();
    assertEquals(rows.size(), answers.size());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(192, 64);
      for (int i = 0; i < answers.size(); i++) {
        Row row = rows.get(i);
        if (answers.get(i).startsWith("unknown")) {
          assertTrue(
              second.contains(row.method.getName()),
              () -> "neither oracle.c nor entries.txt has a row for the encoder " + row.method);
          continue;
        }
        for (Consumer<SubmissionEntry> before : BEFORE) {
          assertEquals(answers.get(i), row.ours(before, memory), row::question);
        }
      }
    }
  }

  private static List<Method> encoders() {
    List<Method> found =
        Arrays.stream(SubmissionEntry.class.getDeclaredMethods())
            .filter(method -> !Modifier.isPrivate(method.getModifiers()))
            .filter(method -> method.getReturnType() == void.class)
            .filter(method -> !method.getName().equals("writeTo"))
            .sorted(Comparator.comparing(Method::getName))
            .toList();
    assertTrue(found.size() >= 15, () -> "reflection found only " + found);
    assertEquals(
        found.size(),
        found.stream().map(Method::getName).distinct().count(),
        "oracle.c tells encoders apart by name, so overloads need a name each");
    return found;
  }

  static List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    Random random = new Random(2305);
    for (Method method : encoders()) {
      Class<?>[] types = method.getParameterTypes();
      long[] plain = new long[types.length];
      for (int i = 0; i < plain.length; i++) {
        plain[i] = types[i] == int.class ? 0x0101_0101 * (i + 1) : 0x0123_4567_89ab_cdefL + i;
      }
      rows.add(new Row(method, plain, 0, 0));
      for (int i = 0; i < plain.length; i++) {
        for (long edge : types[i] == int.class ? INTS : LONGS) {
          long[] arguments = plain.clone();
          arguments[i] = edge;
          rows.add(new Row(method, arguments, 0, edge));
        }
      }
      for (int bit = 0; bit < 7; bit++) {
        rows.add(new Row(method, plain, 1 << bit, -1 - bit));
      }
      for (int n = 0; n < 50; n++) {
        long[] arguments = new long[types.length];
        for (int i = 0; i < arguments.length; i++) {
          arguments[i] = types[i] == int.class ? random.nextInt() : random.nextLong();
        }
        rows.add(new Row(method, arguments, random.nextInt(128), random.nextLong()));
      }
    }
    return rows;
  }

  @Test
  void layouts_sameAsHeaders() throws Exception {
    Path oracle = CCompiler.findOrSkip().compile("oracle.c", directory);
    Map<String, TreeSet<String>> seen = new HashMap<>();
    for (String line :
        CCompiler.run("", oracle.toString(), "layout").expectSuccess().lines().toList()) {
      String[] words = line.split("[. ]");
      StructLayout layout = LAYOUTS.get(words[0]);
      if (layout == null) {
        assertTrue(Set.of("iovec", "epoll_event").contains(words[0]), line); // see the next tests
      } else if (words.length == 2) {
        assertEquals(Long.parseLong(words[1]), layout.byteSize(), line);
      } else {
        seen.computeIfAbsent(words[0], _ -> new TreeSet<>()).add(words[1]);
        assertEquals(Long.parseLong(words[2]), layout.byteOffset(groupElement(words[1])), line);
        assertEquals(
            Long.parseLong(words[3]), layout.select(groupElement(words[1])).byteSize(), line);
      }
    }
    LAYOUTS.forEach(
        (name, layout) -> {
          TreeSet<String> ours = new TreeSet<>();
          for (MemoryLayout member : layout.memberLayouts()) {
            member.name().ifPresent(ours::add);
          }
          ours.removeAll(List.of("pad", "spare")); // what the header has no stable name for
          if (!seen.get(name).contains("stx_dio_mem_align")) { // a header older than Linux 6.1
            ours.removeAll(List.of("stx_dio_mem_align", "stx_dio_offset_align"));
          }
          assertEquals(ours, seen.get(name), name);
        });
    assertEquals(SubmissionEntry.SIZE_BYTES, SubmissionEntry.LAYOUT.byteSize());
    assertEquals(CompletionEntry.SIZE_BYTES, CompletionEntry.LAYOUT.byteSize());
  }

  @Test
  void vector_sameAsHeader() throws Exception {
    Path oracle = CCompiler.findOrSkip().compile("oracle.c", directory);
    String layout = CCompiler.run("", oracle.toString(), "layout").expectSuccess();
    assertTrue(layout.contains("iovec 16\niovec.iov_base 0 8\niovec.iov_len 8 8\n"), layout);
    CallMemory call = new CallMemory();
    long vector = call.vector(0x7ffd_1234_5678L, 5L << 30);
    MemorySegment written = MemorySegment.ofAddress(vector).reinterpret(16);
    assertEquals(0x7ffd_1234_5678L, written.get(ValueLayout.JAVA_LONG, 0));
    assertEquals(5L << 30, written.get(ValueLayout.JAVA_LONG, 8));
  }

  @Test
  void epollEvent_sameAsHeader() throws Exception {
    Path oracle = CCompiler.findOrSkip().compile("oracle.c", directory);
    String layout = CCompiler.run("", oracle.toString(), "layout").expectSuccess();
    String ours =
        "epoll_event %d\nepoll_event.events 0 4\nepoll_event.data %d 8\n"
            .formatted(EpollEntry.SIZE_BYTES, EpollEntry.DATA_AT);
    assertTrue(layout.contains(ours), layout);
  }

  @Test
  void wakeSignal_sameAsHeader() throws Exception {
    Path oracle = CCompiler.findOrSkip().compile("oracle.c", directory);
    String last = CCompiler.run("", oracle.toString(), "signals").expectSuccess().strip();
    assertEquals(Integer.parseInt(last) - 2, WakeSignal.NUMBER);
  }

  @Test
  void openHow_writesWhatTheLayoutSays() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(OpenHow.LAYOUT).fill((byte) -1);
      OpenHow.write(memory, 0x8000_0001, 0666, 8);
      assertEquals(
          0x8000_0001L,
          memory.get(ValueLayout.JAVA_LONG, OpenHow.LAYOUT.byteOffset(groupElement("flags"))));
      assertEquals(
          0666, memory.get(ValueLayout.JAVA_LONG, OpenHow.LAYOUT.byteOffset(groupElement("mode"))));
      assertEquals(
          8, memory.get(ValueLayout.JAVA_LONG, OpenHow.LAYOUT.byteOffset(groupElement("resolve"))));
    }
  }

  @Test
  void completion_readsWhatTheLayoutSays() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(64, 8);
      CompletionEntry.write(memory, 16, 0x1234_5678_9abc_def0L, -125, 6);
      assertEquals(0x1234_5678_9abc_def0L, CompletionEntry.userData(memory, 16));
      assertEquals(-125, CompletionEntry.result(memory, 16));
      assertEquals(6, CompletionEntry.flags(memory, 16));
      MemorySegment entry = memory.asSlice(16, 16);
      assertEquals(
          0x1234_5678_9abc_def0L,
          entry.get(
              ValueLayout.JAVA_LONG, CompletionEntry.LAYOUT.byteOffset(groupElement("user_data"))));
      assertEquals(
          -125,
          entry.get(ValueLayout.JAVA_INT, CompletionEntry.LAYOUT.byteOffset(groupElement("res"))));
    }
  }

  /**
   * Every number of {@link Constants} and {@link Errno} that the headers know, which older headers
   * need not: the compiler prints those whose names occur in the preprocessed headers.
   */
  @Test
  void constants_sameAsHeaders() throws Exception {
    CCompiler compiler = CCompiler.findOrSkip();
    String includes =
        """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <fcntl.h>
        #include <stdio.h>
        #include <limits.h>
        #include <poll.h>
        #include <sys/epoll.h>
        #include <sys/eventfd.h>
        #include <sys/wait.h>
        #include <time.h>
        #include <sys/socket.h>
        #include <sys/stat.h>
        #include <sys/uio.h>
        #include <netinet/in.h>
        #include <netinet/tcp.h>
        #include <netinet/udp.h>
        #include <linux/falloc.h>
        #include <linux/limits.h>
        #include <linux/openat2.h>
        #include <liburing.h>
        """;
    Path source = Files.writeString(directory.resolve("names.c"), includes);
    TreeSet<String> known = new TreeSet<>(List.of(compiler.preprocess(source).split("\\W+")));

    Map<String, Long> ours = new HashMap<>();
    for (Class<?> holder : List.of(Constants.class, Errno.class)) {
      for (Field field : holder.getDeclaredFields()) {
        field.setAccessible(true);
        if (field.getType() == int.class || field.getType() == long.class) {
          ours.put(field.getName(), ((Number) field.get(null)).longValue());
        }
      }
    }
    String prints =
        ours.keySet().stream()
            .filter(known::contains)
            .map("  printf(\"%1$s %%lld\\n\", (long long) %1$s);\n"::formatted)
            .collect(Collectors.joining());
    Path program =
        compiler.compile(
            Files.writeString(
                directory.resolve("constants.c"),
                includes + "int main(void)\n{\n" + prints + "}\n"));
    List<String> lines = CCompiler.run("", program.toString()).expectSuccess().lines().toList();
    assertTrue(lines.size() > 130, () -> "only " + lines.size() + " names are in the headers");
    for (String line : lines) {
      String[] words = line.split(" ");
      // The C library says 0 where the kernel wants the bit, since it sets it by itself.
      if (!words[0].equals("O_LARGEFILE")) {
        // Macros like (1U << 31) are unsigned where ours are int.
        assertEquals((int) Long.parseLong(words[1]), ours.get(words[0]).intValue(), line);
      }
    }
  }

  @Test
  void systemCalls_sameAsHeader() throws Exception {
    assertEquals(
        Arrays.stream(SystemCall.values()).map(call -> "" + call.number()).toList(),
        systemCalls("sys/syscall.h"));
  }

  /** The kernel's table for RISC-V and for AArch64 is the generic one. */
  @Test
  void systemCalls_sameAsGenericHeader() throws Exception {
    for (Machine machine : Set.of(Machine.AARCH64, Machine.RISCV64)) {
      assertEquals(
          Arrays.stream(SystemCall.values()).map(call -> "" + call.numberOn(machine)).toList(),
          systemCalls("asm-generic/unistd.h"));
    }
  }

  private List<String> systemCalls(String header) throws Exception {
    String prints =
        Arrays.stream(SystemCall.values())
            .map(call -> call.name().toLowerCase(Locale.ROOT))
            .map("  printf(\"%%d\\n\", __NR_%s);\n"::formatted)
            .collect(Collectors.joining());
    Path program =
        CCompiler.findOrSkip()
            .compile(
                Files.writeString(
                    directory.resolve("calls.c"),
                    "#define __ARCH_WANT_NEW_STAT\n#include <stdio.h>\n#include <%s>\nint main(void)\n{\n"
                            .formatted(header)
                        + prints
                        + "}\n"));
    return CCompiler.run("", program.toString()).expectSuccess().lines().toList();
  }

  /** The probe finds operations and features by their place in a list. */
  @Test
  void names_inTheHeadersOrder() throws Exception {
    CCompiler compiler = CCompiler.findOrSkip();
    String include = "#include <stdio.h>\n#include <liburing.h>\n";
    Path source = Files.writeString(directory.resolve("names.c"), include);
    TreeSet<String> known = new TreeSet<>(List.of(compiler.preprocess(source).split("\\W+")));
    Map<String, Long> ours = new HashMap<>();
    for (Opcode opcode : Opcode.values()) {
      ours.put("IORING_OP_" + opcode, (long) opcode.number());
    }
    putNames(ours, "REGISTER_OPCODES", "IORING_", false);
    putNames(ours, "FEATURES", "IORING_FEAT_", true);
    putNames(ours, "SETUP_FLAGS", "IORING_SETUP_", true);
    String prints =
        ours.keySet().stream()
            .filter(known::contains)
            .map("  printf(\"%1$s %%lld\\n\", (long long) %1$s);\n"::formatted)
            .collect(Collectors.joining());
    Path program =
        compiler.compile(
            Files.writeString(
                directory.resolve("order.c"), include + "int main(void)\n{\n" + prints + "}\n"));
    List<String> lines = CCompiler.run("", program.toString()).expectSuccess().lines().toList();
    assertTrue(lines.size() > 95, () -> "only " + lines.size() + " names are in the headers");
    for (String line : lines) {
      String[] words = line.split(" ");
      assertEquals(Long.parseLong(words[1]), ours.get(words[0]), line);
    }
  }

  private static void putNames(Map<String, Long> numbers, String list, String prefix, boolean bits)
      throws ReflectiveOperationException {
    Field field = KernelFeatures.class.getDeclaredField(list);
    field.setAccessible(true);
    List<?> names = (List<?>) field.get(null);
    for (int i = 0; i < names.size(); i++) {
      numbers.put(prefix + names.get(i), bits ? 1L << i : i);
    }
  }
}
