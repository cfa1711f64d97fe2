package io.ringspun;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.ringspun.testing.Classes;
import io.ringspun.testing.Once;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Which package may use which, as CONTRIBUTING.md says, and which types are public. */
@Once
class ArchitectureTest {
  private static final JavaClasses CLASSES = new ClassFileImporter().importPath(Classes.MAIN);

  private static final String INTERNAL = "io.ringspun.internal..";
  private static final String KERNEL = "io.ringspun.internal.kernel";
  private static final String MEMORY = "io.ringspun.internal.memory";
  private static final String INLINE = "io.ringspun.internal.inline";
  private static final String RING = "io.ringspun.internal.ring";

  /** From the top down: a package may use those of its own layer and of the layers behind it. */
  private static final List<Set<String>> LAYERS =
      List.of(
          Set.of("io.ringspun.internal.agent"), // puts all of the others into a program
          Set.of(
              "io.ringspun.net",
              "io.ringspun.internal.net",
              "io.ringspun.internal.socketchannel",
              "io.ringspun.internal.socketimpl"),
          Set.of(
              "io.ringspun.file",
              "io.ringspun.internal.file",
              "io.ringspun.internal.filechannel",
              "io.ringspun.internal.filesystem"),
          Set.of("io.ringspun.os"),
          Set.of("io.ringspun.buffer"),
          Set.of("io.ringspun", "io.ringspun.raw"),
          Set.of(RING),
          Set.of(INLINE),
          Set.of(MEMORY),
          Set.of(KERNEL),
          Set.of("io.ringspun.internal.log"));

  /**
   * An internal package behind a public one of the same layer.
   *
   * @param users the classes of the public package that may use it; empty for any
   * @param used the classes of the public package that it may use: values, and what it implements
   * @param others the other internal packages of the layer that it may use
   */
  private record Implementation(
      String name, String publicPackage, Set<String> users, Set<String> used, Set<String> others) {}

  private static final List<Implementation> IMPLEMENTATIONS =
      List.of(
          new Implementation(
              "io.ringspun.internal.net",
              "io.ringspun.net",
              Set.of(),
              Set.of("AbstractUnixAddress", "ControlMessage"),
              Set.of()),
          new Implementation(
              "io.ringspun.internal.socketchannel",
              "io.ringspun.net",
              Set.of("RingSelectorProvider", "RingServerSocketChannel", "RingSocketChannel"),
              Set.of(
                  "AbstractUnixAddress",
                  "RingListener",
                  "RingSelectorProvider",
                  "RingServerSocketChannel",
                  "RingSocket",
                  "RingSocketChannel"),
              Set.of("io.ringspun.internal.net")),
          new Implementation(
              "io.ringspun.internal.socketimpl",
              "io.ringspun.net",
              Set.of("RingServerSocketFactory", "RingSocketFactory", "RingSocketImplFactory"),
              Set.of(),
              Set.of("io.ringspun.internal.net")),
          new Implementation(
              "io.ringspun.internal.file",
              "io.ringspun.file",
              Set.of(),
              Set.of(
                  "FileStat", "RingFile", "RingInputStream", "RingOpenOption", "RingOutputStream"),
              Set.of()),
          new Implementation(
              "io.ringspun.internal.filechannel",
              "io.ringspun.file",
              Set.of("RingFileChannel"),
              Set.of("FileStat", "RingFile", "RingFileChannel", "RingOpenOption"),
              Set.of("io.ringspun.internal.file")),
          new Implementation(
              "io.ringspun.internal.filesystem",
              "io.ringspun.file",
              Set.of("RingFileSystems"),
              Set.of(
                  "FileStat", "RingFile", "RingFileChannel", "RingInputStream", "RingOutputStream"),
              Set.of("io.ringspun.internal.file", "io.ringspun.internal.filechannel")));

  private static final DescribedPredicate<JavaClass> NATIVE =
      DescribedPredicate.describe(
          "call native code or reach memory that no arena guards",
          type ->
              Set.of("java.lang.foreign.Linker", "java.lang.foreign.SymbolLookup")
                      .contains(outermost(type).getFullName())
                  || type.getFullName().equals("sun.misc.Unsafe"));

  /** The mapped queues, what is registered with a ring, and how a system call is made. */
  private static final DescribedPredicate<JavaClass> MACHINERY =
      resideInAPackage(KERNEL)
          .and(
              DescribedPredicate.or(
                  Stream.of(
                          "BufferRegistration",
                          "BufferRingMemory",
                          "CallMemory",
                          "CompletionEntry",
                          "ExtendedWait",
                          "KernelQuery",
                          "Liburing",
                          "Machine",
                          "OwnRing",
                          "RingMemory",
                          "RingParams",
                          "SparseTable",
                          "SyncCancel")
                      .map(name -> simpleName(name))
                      .toList()))
          .as("are queues, mappings, registrations or liburing");

  private static final DescribedPredicate<JavaClass> CHOOSING =
      resideInAPackage(KERNEL)
          .and(simpleName("LinuxKernel").or(simpleName("Registration")))
          .as("are the choice of a kernel");

  private static JavaClass outermost(JavaClass type) {
    return type.getEnclosingClass().map(ArchitectureTest::outermost).orElse(type);
  }

  /** The classes of a package whose outermost class has one of the names. */
  private static DescribedPredicate<JavaClass> named(String packageName, Set<String> names) {
    return DescribedPredicate.describe(
        "are %s of %s".formatted(names, packageName),
        type ->
            type.getPackageName().equals(packageName)
                && names.contains(outermost(type).getSimpleName()));
  }

  private static String[] packages(List<Set<String>> layers) {
    return layers.stream().flatMap(Set::stream).toArray(String[]::new);
  }

  @Test
  void packages_areInTheLayers() {
    classes().should().resideInAnyPackage(packages(LAYERS)).check(CLASSES);
  }

  @Test
  void packages_dependDownwardsOnly() {
    for (int i = 1; i < LAYERS.size(); i++) {
      noClasses()
          .that()
          .resideInAnyPackage(packages(LAYERS.subList(i, i + 1)))
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(packages(LAYERS.subList(0, i)))
          .check(CLASSES);
    }
  }

  @Test
  void implementations_areUsedByFew() {
    for (Implementation one : IMPLEMENTATIONS) {
      String[] others =
          IMPLEMENTATIONS.stream()
              .filter(other -> other.others.contains(one.name))
              .map(Implementation::name)
              .toArray(String[]::new);
      DescribedPredicate<JavaClass> users =
          one.users.isEmpty()
              ? resideInAPackage(one.publicPackage)
              : named(one.publicPackage, one.users);
      classes()
          .that()
          .resideInAPackage(one.name)
          .should()
          .onlyHaveDependentClassesThat(
              resideInAPackage(one.name).or(resideInAnyPackage(others)).or(users))
          .check(CLASSES);
    }
  }

  @Test
  void implementations_useLittleOfThePublicPackage() {
    for (Implementation user : IMPLEMENTATIONS) {
      noClasses()
          .that()
          .resideInAPackage(user.name)
          .should()
          .dependOnClassesThat(
              resideInAPackage(user.publicPackage).and(not(named(user.publicPackage, user.used))))
          .check(CLASSES);
    }
  }

  /** Classes of the ring's package that need each other; all others stand on floors. */
  @Test
  void ring_hasFewCircles() {
    Map<String, Set<String>> uses = new TreeMap<>();
    for (JavaClass type : CLASSES.that(resideInAPackage(RING))) {
      Set<String> used =
          uses.computeIfAbsent(outermost(type).getSimpleName(), _ -> new TreeSet<>());
      type.getDirectDependenciesFromSelf().stream()
          .map(dependency -> outermost(dependency.getTargetClass().getBaseComponentType()))
          .filter(target -> target.getPackageName().equals(RING))
          .forEach(target -> used.add(target.getSimpleName()));
    }
    Map<String, Set<String>> reached = new TreeMap<>();
    uses.keySet()
        .forEach(name -> reach(name, uses, reached.computeIfAbsent(name, _ -> new TreeSet<>())));
    Set<Set<String>> circles = new HashSet<>();
    for (String name : uses.keySet()) {
      Set<String> circle = new TreeSet<>(reached.get(name));
      circle.removeIf(other -> !reached.get(other).contains(name));
      if (circle.size() > 1) {
        circles.add(circle);
      }
    }
    assertEquals(
        Set.of(
            Set.of("Call", "Operation"), // a call and its parts
            Set.of("RingThread", "Carried", "RingTask", "Scheduler"), // the loop and what it runs
            Set.of(
                "Engine", // and the parts of it that have files of their own
                "Capabilities",
                "DescriptorCloser",
                "LiveRings",
                "Watchdog",
                "HoldReport"),
            Set.of("Handle", "RawHandle", "RegisteredHandle")), // a sealed type and its kinds
        circles);
  }

  private static void reach(String from, Map<String, Set<String>> uses, Set<String> reached) {
    for (String used : uses.getOrDefault(from, Set.of())) {
      if (reached.add(used)) {
        reach(used, uses, reached);
      }
    }
  }

  @Test
  void nativeCode_isInTheKernelPackage() {
    noClasses()
        .that()
        .resideOutsideOfPackage(KERNEL)
        .should()
        .dependOnClassesThat(NATIVE)
        .orShould()
        .callMethod("java.lang.foreign.MemorySegment", "reinterpret", "long")
        .check(CLASSES);
    classes()
        .that()
        .haveSimpleName("LinuxKernel")
        .should()
        .dependOnClassesThat(NATIVE)
        .check(CLASSES); // the rule above sees what it forbids
  }

  /** SLF4J may be absent, so that whoever names it elsewhere fails when it is loaded. */
  @Test
  void slf4j_isKnownToOneClass() {
    noClasses()
        .that()
        .doNotHaveSimpleName("Slf4jSink")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.slf4j..")
        .check(CLASSES);
  }

  @Test
  void queuesAndMappings_areForTheRingOnly() {
    noClasses()
        .that()
        .resideOutsideOfPackages(KERNEL, INLINE, RING)
        .should()
        .dependOnClassesThat(MACHINERY)
        .check(CLASSES);
  }

  @Test
  void kernelIsChosen_byRingsOnly() {
    noClasses()
        .that()
        .resideOutsideOfPackages(KERNEL, RING, "io.ringspun")
        .should()
        .dependOnClassesThat(CHOOSING)
        .check(CLASSES);
  }

  @Test
  void publicSignatures_haveNoInternalTypes() {
    classes()
        .that(DescribedPredicate.describe("a user can name", ArchitectureTest::isPublicToUsers))
        .should(showNoInternalType())
        .check(CLASSES);
  }

  private static boolean isPublicToUsers(JavaClass type) {
    return !resideInAPackage(INTERNAL).test(type)
        && type.getModifiers().contains(JavaModifier.PUBLIC)
        && type.getEnclosingClass().map(ArchitectureTest::isPublicToUsers).orElse(true);
  }

  /** A constructor that takes an internal type is for this module only. */
  private static boolean isExtensible(JavaClass type) {
    return type.getConstructors().stream()
        .filter(ArchitectureTest::isPublicOrProtected)
        .anyMatch(
            constructor ->
                constructor.getRawParameterTypes().stream().noneMatch(resideInAPackage(INTERNAL)));
  }

  private static boolean isPublicOrProtected(JavaMember member) {
    return member.getModifiers().contains(JavaModifier.PUBLIC)
        || member.getModifiers().contains(JavaModifier.PROTECTED);
  }

  private static ArchCondition<JavaClass> showNoInternalType() {
    return new ArchCondition<>("show no internal type") {
      @Override
      public void check(JavaClass type, ConditionEvents events) {
        Stream<JavaType> supertypes =
            Stream.concat(type.getSuperclass().stream(), type.getInterfaces().stream());
        report(type, type.getDescription(), supertypes, events);
        for (JavaMember member : type.getMembers()) {
          boolean isPublic = member.getModifiers().contains(JavaModifier.PUBLIC);
          if (isPublic || (isPublicOrProtected(member) && isExtensible(type))) {
            report(type, member.getDescription(), typesOf(member), events);
          }
        }
      }

      private static Stream<JavaType> typesOf(JavaMember member) {
        return switch (member) {
          case JavaCodeUnit unit ->
              Stream.of(
                      Stream.of(unit.getReturnType()),
                      unit.getParameterTypes().stream(),
                      unit.getExceptionTypes().stream())
                  .flatMap(types -> types);
          default -> member.getAllInvolvedRawTypes().stream().map(JavaType.class::cast);
        };
      }

      private static void report(
          JavaClass type, String where, Stream<JavaType> types, ConditionEvents events) {
        types
            .flatMap(shown -> shown.getAllInvolvedRawTypes().stream())
            .filter(resideInAPackage(INTERNAL))
            .map(shown -> where + " shows " + shown.getName())
            .forEach(message -> events.add(SimpleConditionEvent.violated(type, message)));
      }
    };
  }

  /** A type that is public by mistake is public for good; so each one is listed by hand. */
  @Test
  void publicTypes_areTheListedOnes() throws Exception {
    List<String> listed;
    try (InputStream in = ArchitectureTest.class.getResourceAsStream("/public-types.txt")) {
      listed = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    }
    String found =
        CLASSES.stream()
            .filter(ArchitectureTest::isPublicToUsers)
            .map(JavaClass::getName)
            .sorted()
            .collect(Collectors.joining("\n"));
    assertEquals(String.join("\n", listed), found, "src/test/resources/public-types.txt");
  }

  /** A ring of buffers is called so by the kernel. */
  private static final Set<String> KERNEL_NAMES = Set.of("BufferRing");

  /** What is before a name does not tell a reader which of two types to take. */
  @Test
  void publicTypes_differByMoreThanAPrefix() {
    List<String> names =
        CLASSES.stream()
            .filter(ArchitectureTest::isPublicToUsers)
            .map(type -> type.getName().substring(type.getPackageName().length() + 1))
            .filter(name -> !KERNEL_NAMES.contains(name))
            .toList();
    List<String> alike =
        names.stream()
            .filter(name -> names.stream().anyMatch(other -> isPrefixed(name, other)))
            .toList();
    assertEquals(List.of(), alike);
  }

  private static boolean isPrefixed(String name, String other) {
    return !name.equals(other) && name.endsWith(other);
  }
}
