package io.ringspun.internal.agent;

import static java.lang.constant.ConstantDescs.CD_Object;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassDefinition;
import java.lang.instrument.Instrumentation;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.AccessFlag;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Gives virtual threads that have no scheduler one of ours. Each of the JDK's ways to create a
 * virtual thread goes through {@code java.lang.ThreadBuilders.newVirtualThread}, whose first
 * parameter is the scheduler, or null for the one that the JDK chooses. The patch puts at its
 * start:
 *
 * <pre>{@code
 * scheduler = RingspunScheduler.choose(scheduler);
 * }</pre>
 *
 * <p>{@code java.lang.RingspunScheduler} is a class that this one defines:
 *
 * <pre>{@code
 * final class RingspunScheduler {
 *   static volatile Supplier chooser;
 *
 *   static Object choose(Object scheduler) {
 *     if (scheduler != null) return scheduler;
 *     Supplier known = chooser;
 *     return known == null ? null : known.get();
 *   }
 * }
 * }</pre>
 *
 * <p>It is in {@code java.lang} because {@code ThreadBuilders} can link neither to the class path
 * nor to a module of the application.
 *
 * <p>The class is redefined, not retransformed: the new code is then what later transformations of
 * other agents start from, and no transformer of ours has to see every class that is loaded.
 */
final class ThreadPatch {
  private static final String TARGET = "java.lang.ThreadBuilders";
  private static final String METHOD = "newVirtualThread";
  private static final ClassDesc BRIDGE = ClassDesc.of("java.lang.RingspunScheduler");
  private static final ClassDesc SUPPLIER = ClassDesc.of("java.util.function.Supplier");
  private static final MethodTypeDesc GET = MethodTypeDesc.of(CD_Object);
  private static final MethodTypeDesc CHOOSE = MethodTypeDesc.of(CD_Object, CD_Object);

  /** The types that schedulers have had. */
  private static final Set<ClassDesc> SCHEDULERS =
      Set.of(
          ClassDesc.of("java.util.concurrent.Executor"),
          ClassDesc.of("java.lang.Thread").nested("VirtualThreadScheduler"));

  private ThreadPatch() {}

  /**
   * Installs the patch. Threads that exist keep their schedulers.
   *
   * @param chooser returns a scheduler, or null for the one that the JDK chooses
   * @throws NoSuchMethodException if this JDK creates virtual threads in another way
   */
  static void install(Instrumentation instrumentation, Supplier<?> chooser) throws Exception {
    Class<?> target = Class.forName(TARGET);
    byte[] patched = patch(bytes(target));
    MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(target, MethodHandles.lookup());
    Class<?> bridge = bridge(lookup);
    lookup.findStaticVarHandle(bridge, "chooser", Supplier.class).setVolatile(chooser);
    instrumentation.redefineClasses(new ClassDefinition(target, patched));
  }

  private static Class<?> bridge(MethodHandles.Lookup lookup) throws ReflectiveOperationException {
    try {
      return Class.forName(BRIDGE.packageName() + "." + BRIDGE.displayName(), true, null);
    } catch (ClassNotFoundException _) {
      return lookup.defineClass(bridgeBytes()); // usual: an agent is started once
    }
  }

  private static byte[] bytes(Class<?> type) throws IOException {
    String name = type.getSimpleName() + ".class";
    try (InputStream in = type.getResourceAsStream(name)) {
      if (in == null) {
        throw new FileNotFoundException("the JDK hides " + name);
      }
      return in.readAllBytes();
    }
  }

  /** Returns a class with the call at the start of each method that takes a scheduler. */
  static byte[] patch(byte[] original) throws NoSuchMethodException {
    ClassFile classFile = ClassFile.of();
    ClassModel model = classFile.parse(original);
    if (model.methods().stream().noneMatch(ThreadPatch::takesScheduler)) {
      throw new NoSuchMethodException(
          "this JDK has no method %s.%s that takes a scheduler".formatted(TARGET, METHOD));
    }
    ClassTransform transform =
        (builder, element) -> {
          if (element instanceof MethodModel method && takesScheduler(method)) {
            ClassDesc type = method.methodTypeSymbol().parameterType(0);
            builder.transformMethod(method, MethodTransform.transformingCode(calling(type)));
          } else {
            builder.with(element);
          }
        };
    return classFile.transformClass(model, transform);
  }

  private static boolean takesScheduler(MethodModel method) {
    MethodTypeDesc type = method.methodTypeSymbol();
    return method.methodName().equalsString(METHOD)
        && method.flags().has(AccessFlag.STATIC)
        && type.parameterCount() > 0
        && SCHEDULERS.contains(type.parameterType(0));
  }

  private static CodeTransform calling(ClassDesc schedulerType) {
    return new CodeTransform() {
      @Override
      public void atStart(CodeBuilder builder) {
        builder.aload(0).invokestatic(BRIDGE, "choose", CHOOSE).checkcast(schedulerType).astore(0);
      }

      @Override
      public void accept(CodeBuilder builder, CodeElement element) {
        builder.with(element);
      }
    };
  }

  private static byte[] bridgeBytes() {
    return ClassFile.of()
        .build(
            BRIDGE,
            type ->
                type.withFlags(AccessFlag.FINAL, AccessFlag.SUPER, AccessFlag.SYNTHETIC)
                    .withField("chooser", SUPPLIER, ClassFile.ACC_STATIC | ClassFile.ACC_VOLATILE)
                    .withMethodBody("choose", CHOOSE, ClassFile.ACC_STATIC, ThreadPatch::choose));
  }

  private static void choose(CodeBuilder code) {
    code.aload(0)
        .ifThen(java.lang.classfile.Opcode.IFNONNULL, given -> given.aload(0).areturn())
        .getstatic(BRIDGE, "chooser", SUPPLIER)
        .astore(1)
        .aload(1)
        .ifThen(java.lang.classfile.Opcode.IFNULL, none -> none.aconst_null().areturn())
        .aload(1)
        .invokeinterface(SUPPLIER, "get", GET)
        .areturn();
  }
}
