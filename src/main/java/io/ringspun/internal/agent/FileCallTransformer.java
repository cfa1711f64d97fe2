package io.ringspun.internal.agent;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.security.ProtectionDomain;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Redirects calls that open files, in the classes of chosen packages, to {@link FileRedirects}. A
 * call of {@link FileChannel#open} or {@link Files} there becomes one of the method of the same
 * name and type in that class. Method references and constructors, as of {@link
 * java.io.FileInputStream}, stay as they are.
 */
final class FileCallTransformer implements ClassFileTransformer {
  private static final ClassDesc REDIRECTS = desc(FileRedirects.class);

  /** The methods that are redirected, each as owner, name and descriptor. */
  private static final Set<String> REDIRECTED =
      Arrays.stream(FileRedirects.class.getDeclaredMethods())
          .filter(method -> method.isAnnotationPresent(FileRedirects.Replaces.class))
          .map(
              method ->
                  key(
                      desc(method.getAnnotation(FileRedirects.Replaces.class).value()),
                      method.getName(),
                      java.lang.invoke.MethodType.methodType(
                              method.getReturnType(), method.getParameterTypes())
                          .descriptorString()))
          .collect(Collectors.toUnmodifiableSet());

  private final Instrumentation instrumentation;
  private final List<String> prefixes; // of internal names of classes

  private FileCallTransformer(Instrumentation instrumentation, List<String> packages) {
    this.instrumentation = instrumentation;
    prefixes = packages.stream().map(name -> name.replace('.', '/') + "/").toList();
  }

  /**
   * Redirects the calls of classes that are loaded from now on, and of those that are loaded
   * already, as they are when the agent is attached to a running program.
   */
  static void install(Instrumentation instrumentation, List<String> packages) throws Exception {
    FileCallTransformer transformer = new FileCallTransformer(instrumentation, packages);
    instrumentation.addTransformer(transformer, true);
    List<Class<?>> loaded = new ArrayList<>();
    for (Class<?> type : instrumentation.getAllLoadedClasses()) {
      if (transformer.isChosen(type.getName().replace('.', '/'))
          && instrumentation.isModifiableClass(type)) {
        loaded.add(type);
      }
    }
    if (!loaded.isEmpty()) {
      instrumentation.retransformClasses(loaded.toArray(new Class<?>[0]));
    }
    AgentOutput.detail("files that are opened in " + packages + " use rings");
  }

  private boolean isChosen(String internalName) {
    for (String prefix : prefixes) {
      if (internalName.startsWith(prefix) && !internalName.startsWith("io/ringspun/internal/")) {
        return true;
      }
    }
    return false;
  }

  @Override
  public byte @Nullable [] transform(
      Module module,
      @Nullable ClassLoader loader,
      @Nullable String className,
      @Nullable Class<?> classBeingRedefined,
      @Nullable ProtectionDomain domain,
      byte[] classfile) {
    if (className == null || !isChosen(className)) {
      return null;
    }
    try {
      return transform(module, loader, className, classfile);
    } catch (RuntimeException | LinkageError e) {
      AgentOutput.problem("the files of " + className + " stay the JDK's", e);
      return null;
    }
  }

  private byte @Nullable [] transform(
      Module module, @Nullable ClassLoader loader, String className, byte[] classfile) {
    ClassFile files = ClassFile.of(ClassFile.ClassHierarchyResolverOption.of(resolver(loader)));
    ClassModel model = files.parse(classfile);
    if (model.methods().stream().noneMatch(FileCallTransformer::opensFiles)) {
      return null;
    }
    if (!isVisible(loader)) {
      AgentOutput.problem(
          "the files of " + className + " stay the JDK's: its class loader does not see ringspun");
      return null;
    }
    letRead(module);
    return files.transformClass(
        model,
        ClassTransform.transformingMethodBodies(
            (code, element) -> {
              InvokeInstruction call = redirected(element);
              if (call == null) {
                code.with(element);
              } else {
                code.invokestatic(REDIRECTS, call.name().stringValue(), call.typeSymbol());
              }
            }));
  }

  private static ClassHierarchyResolver resolver(@Nullable ClassLoader loader) {
    // Reads class files, and loads no class: that could be the one that is being loaded.
    ClassHierarchyResolver system = ClassHierarchyResolver.defaultResolver();
    return loader == null
        ? system
        : ClassHierarchyResolver.ofResourceParsing(loader).orElse(system);
  }

  private static boolean opensFiles(MethodModel method) {
    CodeModel code = method.code().orElse(null);
    return code != null && code.elementStream().anyMatch(element -> redirected(element) != null);
  }

  private static @Nullable InvokeInstruction redirected(CodeElement element) {
    return element instanceof InvokeInstruction call
            && call.opcode() == java.lang.classfile.Opcode.INVOKESTATIC
            && REDIRECTED.contains(
                key(call.owner().asSymbol(), call.name().stringValue(), call.type().stringValue()))
        ? call
        : null;
  }

  private static String key(ClassDesc owner, String name, String descriptor) {
    return owner.descriptorString() + name + descriptor;
  }

  private static ClassDesc desc(Class<?> type) {
    return type.describeConstable().orElseThrow();
  }

  /** Returns whether classes of a loader are linked with this class by the usual delegation. */
  private static boolean isVisible(@Nullable ClassLoader loader) {
    ClassLoader own = FileCallTransformer.class.getClassLoader();
    for (ClassLoader each = loader; each != null; each = each.getParent()) {
      if (each == own) {
        return true;
      }
    }
    return false;
  }

  /** Lets a module read ours, if ours has a name. Unnamed ones are read by transformed classes. */
  private void letRead(Module module) {
    Module own = FileCallTransformer.class.getModule();
    if (own.isNamed() && module != own) {
      instrumentation.redefineModule(
          own,
          Set.of(),
          Map.of(FileRedirects.class.getPackageName(), Set.of(module)),
          Map.of(),
          Set.of(),
          Map.of());
      if (module.isNamed()) {
        instrumentation.redefineModule(module, Set.of(own), Map.of(), Map.of(), Set.of(), Map.of());
      }
    }
  }
}
