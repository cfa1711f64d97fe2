package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.testing.Classes;
import java.io.IOException;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Packages depend downwards only, and native code is at the bottom. */
class LayersTest {
  /** From the top down: each package may use those behind it. */
  private static final List<String> LAYERS =
      List.of(
          "io/ringspun/net",
          "io/ringspun/file",
          "io/ringspun/os",
          "io/ringspun",
          "io/ringspun/internal/ring",
          "io/ringspun/internal/kernel");

  private static final String BOTTOM = LAYERS.getLast();

  /** The public packages that are about things; the rest of the API is in {@code io.ringspun}. */
  private static final Set<String> OF_THINGS =
      Set.of("io/ringspun/net", "io/ringspun/file", "io/ringspun/os");

  /** What they use of the bottom: numbers, structures, and the interface for plain calls. */
  private static final Set<String> VOCABULARY =
      Set.of(
          "Constants",
          "ControlMemory",
          "EpollEntry",
          "Errno",
          "ErrnoException",
          "FutexWait",
          "Kernel",
          "MessageHeader",
          "NativeMemory",
          "OpenHow",
          "ReceivedMessage",
          "SigInfo",
          "SocketAddressMemory",
          "Statx",
          "SubmissionEntry",
          "SystemCall",
          "Timespec");

  /** What {@code io.ringspun} uses: it also chooses the kernel and asks it what it has. */
  private static final Set<String> OF_RINGS =
      Set.of(
          "Constants",
          "Errno",
          "ErrnoException",
          "Kernel",
          "KernelFeatures",
          "LinuxKernel",
          "NativeMemory",
          "Registration",
          "Timespec");

  /** What reaches native code, or memory that no arena guards. */
  private static final Set<String> NATIVE =
      Set.of("java/lang/foreign/Linker", "java/lang/foreign/SymbolLookup", "sun/misc/Unsafe");

  /** A class name, wherever it is: in a descriptor, a signature, or by itself. */
  private static final Pattern CLASS_NAME = Pattern.compile("(?:[a-zA-Z_]\\w*/)+[\\w$]+");

  private static String packageOf(String className) {
    return className.substring(0, className.lastIndexOf('/'));
  }

  /** The classes that a class names in code, descriptors and signatures. */
  private static Set<String> used(ClassModel model) {
    Set<String> used = new TreeSet<>();
    for (PoolEntry entry : model.constantPool()) {
      String text =
          switch (entry) {
            case Utf8Entry utf8 -> utf8.stringValue();
            case ClassEntry type -> type.asInternalName();
            default -> "";
          };
      // L is what a descriptor has before a class name.
      Matcher names = CLASS_NAME.matcher(text.replaceAll("(^|[;()\\[<*:+-]|[BCDFIJSZV])L", "$1 "));
      while (names.find()) {
        used.add(names.group());
      }
    }
    return used;
  }

  @Test
  void packages_areTheLayers() throws IOException {
    Set<String> packages = new TreeSet<>();
    for (ClassModel model : Classes.parse()) {
      packages.add(packageOf(model.thisClass().asInternalName()));
    }
    assertEquals(new TreeSet<>(LAYERS), packages, "a new package needs its place among the layers");
  }

  @Test
  void packages_dependDownwardsOnly() throws IOException {
    Set<String> offences = new TreeSet<>();
    int downwards = 0;
    for (ClassModel model : Classes.parse()) {
      String user = model.thisClass().asInternalName();
      int floor = LAYERS.indexOf(packageOf(user));
      for (String used : used(model)) {
        int other = LAYERS.indexOf(packageOf(used));
        if (other >= 0 && other < floor) {
          offences.add(user + " uses " + used);
        }
        if (other > floor) {
          downwards++;
        }
      }
    }
    assertEquals(Set.of(), offences);
    assertTrue(downwards > 100, "the test must see uses to see offences: " + downwards);
  }

  @Test
  void publicPackages_useTheVocabularyOfTheBottom() throws IOException {
    Set<String> ofThings = new TreeSet<>();
    Set<String> ofRings = new TreeSet<>();
    for (ClassModel model : Classes.parse()) {
      String user = packageOf(model.thisClass().asInternalName());
      for (String used : used(model)) {
        if (packageOf(used).equals(BOTTOM)) {
          String outermost = used.substring(BOTTOM.length() + 1).split("\\$", 2)[0];
          if (OF_THINGS.contains(user)) {
            ofThings.add(outermost);
          } else if (user.equals("io/ringspun")) {
            ofRings.add(outermost);
          }
        }
      }
    }
    assertEquals(new TreeSet<>(VOCABULARY), ofThings, "CONTRIBUTING.md says what is used");
    assertEquals(new TreeSet<>(OF_RINGS), ofRings, "CONTRIBUTING.md says what is used");
  }

  @Test
  void nativeCode_isAtTheBottom() throws IOException {
    Set<String> offences = new TreeSet<>();
    Set<String> seen = new TreeSet<>();
    for (ClassModel model : Classes.parse()) {
      String user = model.thisClass().asInternalName();
      for (String used : used(model)) {
        String outermost = used.split("\\$", 2)[0];
        if (NATIVE.contains(outermost)) {
          seen.add(outermost);
          if (!packageOf(user).equals(BOTTOM)) {
            offences.add(user + " uses " + used);
          }
        }
      }
    }
    assertEquals(Set.of(), offences);
    assertTrue(seen.contains("java/lang/foreign/Linker"), "the test must see what is there");
  }
}
