package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
  /** From the top down: a package may use those of its own layer and of the layers behind it. */
  private static final List<Set<String>> LAYERS =
      List.of(
          Set.of("io/ringspun/net", "io/ringspun/internal/net", "io/ringspun/internal/socketimpl"),
          Set.of("io/ringspun/file"),
          Set.of("io/ringspun/os"),
          Set.of("io/ringspun"),
          Set.of("io/ringspun/internal/ring"),
          Set.of("io/ringspun/internal/kernel"));

  private static final String BOTTOM = "io/ringspun/internal/kernel";

  /**
   * An internal package of a layer, and what it has to do with the public one.
   *
   * @param users the public package's classes that use it; empty for any
   * @param used what it uses of the public package
   * @param rooms what it uses of the other internal packages of the layer
   */
  private record Room(
      String name, String publicPackage, Set<String> users, Set<String> used, Set<String> rooms) {}

  private static final List<Room> ROOMS =
      List.of(
          new Room(
              "io/ringspun/internal/net",
              "io/ringspun/net",
              Set.of(),
              Set.of("AbstractUnixAddress", "ControlMessage", "KernelOption"),
              Set.of()),
          new Room(
              "io/ringspun/internal/socketimpl",
              "io/ringspun/net",
              Set.of("RingServerSocketFactory", "RingSocketFactory", "RingSocketImplFactory"),
              Set.of(),
              Set.of("io/ringspun/internal/net")));

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

  /** Returns the name of the outermost class, without its package. */
  private static String simpleName(String className) {
    return className.substring(className.lastIndexOf('/') + 1).split("\\$", 2)[0];
  }

  /** Returns the index of a package's layer, or -1 if it has none. */
  private static int layerOf(String packageName) {
    for (int i = 0; i < LAYERS.size(); i++) {
      if (LAYERS.get(i).contains(packageName)) {
        return i;
      }
    }
    return -1;
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
    Set<String> layers = new TreeSet<>();
    LAYERS.forEach(layers::addAll);
    assertEquals(layers, packages, "a new package needs its place among the layers");
  }

  @Test
  void packages_dependDownwardsOnly() throws IOException {
    Set<String> offences = new TreeSet<>();
    int downwards = 0;
    for (ClassModel model : Classes.parse()) {
      String user = model.thisClass().asInternalName();
      int layer = layerOf(packageOf(user));
      for (String used : used(model)) {
        int other = layerOf(packageOf(used));
        if (other >= 0 && other < layer) {
          offences.add(user + " uses " + used);
        }
        if (other > layer) {
          downwards++;
        }
      }
    }
    assertEquals(Set.of(), offences);
    assertTrue(downwards > 100, "the test must see uses to see offences: " + downwards);
  }

  /** A public type may make objects of internal ones, which may take and return public values. */
  @Test
  void internalPackages_areUsedByFew() throws IOException {
    for (Room room : ROOMS) {
      Set<String> users = new TreeSet<>();
      Set<String> usedOfPublic = new TreeSet<>();
      Set<String> rooms = new TreeSet<>();
      for (ClassModel model : Classes.parse()) {
        String user = model.thisClass().asInternalName();
        for (String used : used(model)) {
          if (packageOf(user).equals(room.publicPackage) && packageOf(used).equals(room.name)) {
            users.add(simpleName(user));
          }
          if (packageOf(user).equals(room.name)) {
            if (packageOf(used).equals(room.publicPackage)) {
              usedOfPublic.add(simpleName(used));
            } else if (ROOMS.stream().anyMatch(other -> other.name.equals(packageOf(used)))
                && !packageOf(used).equals(room.name)) {
              rooms.add(packageOf(used));
            }
          }
        }
      }
      assertFalse(users.isEmpty(), room.name);
      if (!room.users.isEmpty()) {
        assertEquals(new TreeSet<>(room.users), users, room.name);
      }
      assertEquals(new TreeSet<>(room.used), usedOfPublic, room.name);
      assertEquals(new TreeSet<>(room.rooms), rooms, room.name);
    }
  }

  @Test
  void publicPackages_useTheVocabularyOfTheBottom() throws IOException {
    Set<String> ofThings = new TreeSet<>();
    Set<String> ofRings = new TreeSet<>();
    for (ClassModel model : Classes.parse()) {
      String user = packageOf(model.thisClass().asInternalName());
      for (String used : used(model)) {
        if (packageOf(used).equals(BOTTOM)) {
          String outermost = simpleName(used);
          if (layerOf(user) < layerOf("io/ringspun")) {
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
