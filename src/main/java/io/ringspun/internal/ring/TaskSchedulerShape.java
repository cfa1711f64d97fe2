package io.ringspun.internal.ring;

import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_void;
import static java.lang.constant.ConstantDescs.INIT_NAME;
import static java.lang.constant.ConstantDescs.MTD_void;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.lang.reflect.AccessFlag;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.concurrent.Executor;

/**
 * The shape of the JDKs built from the Loom repository since 2025: a scheduler is a {@code
 * Thread.VirtualThreadScheduler}, whose methods get a task to run when a thread starts or
 * continues, and the builder of virtual threads has a field for one. The scheduler is not
 * inherited.
 *
 * <p>The interface changes from build to build. So a class that implements it is generated: each
 * abstract method without a result whose last parameter is a {@link Runnable} gives that to the
 * executor.
 */
record TaskSchedulerShape(MethodHandle newBuilder, VarHandle field, MethodHandle newScheduler)
    implements SchedulerShape {
  private static final ClassDesc EXECUTOR = ClassDesc.of("java.util.concurrent.Executor");
  private static final ClassDesc RUNNABLE = ClassDesc.of("java.lang.Runnable");
  private static final String FIELD = "executor";

  /**
   * Finds the builder's constructor and field, and defines the scheduler's class.
   *
   * @param lookup may access the builder, and the package of the interface
   * @throws ReflectiveOperationException if the JDK has another shape
   */
  static TaskSchedulerShape of(
      MethodHandles.Lookup lookup, Class<?> builder, Class<?> schedulerType)
      throws ReflectiveOperationException {
    Class<?> implementation =
        lookup.defineHiddenClass(implement(schedulerType), true).lookupClass();
    return new TaskSchedulerShape(
        lookup
            .findConstructor(builder, MethodType.methodType(void.class))
            .asType(MethodType.methodType(Object.class)),
        lookup.findVarHandle(builder, "scheduler", schedulerType),
        lookup
            .findConstructor(implementation, MethodType.methodType(void.class, Executor.class))
            .asType(MethodType.methodType(Object.class, Executor.class)));
  }

  @Override
  public Object builder(Executor executor) throws Throwable {
    Object builder = (Object) newBuilder.invokeExact();
    field.set(builder, scheduler(executor));
    return builder;
  }

  @Override
  public Object scheduler(Executor executor) throws Throwable {
    return (Object) newScheduler.invokeExact(executor);
  }

  @Override
  public boolean isInherited() {
    return false;
  }

  private static byte[] implement(Class<?> schedulerType) throws NoSuchMethodException {
    ClassDesc name = ClassDesc.of(schedulerType.getPackageName(), "RingspunTaskScheduler");
    boolean isRunning = false;
    for (Method method : schedulerType.getMethods()) {
      isRunning |= isAbstract(method) && takesTask(method);
    }
    if (!isRunning) {
      throw new NoSuchMethodException(schedulerType + " has no method that takes a task");
    }
    return ClassFile.of()
        .build(
            name,
            type -> {
              type.withFlags(AccessFlag.FINAL, AccessFlag.SUPER, AccessFlag.SYNTHETIC)
                  .withInterfaceSymbols(schedulerType.describeConstable().orElseThrow())
                  .withField(FIELD, EXECUTOR, ClassFile.ACC_PRIVATE | ClassFile.ACC_FINAL)
                  .withMethodBody(
                      INIT_NAME,
                      MethodTypeDesc.of(CD_void, EXECUTOR),
                      0,
                      code ->
                          code.aload(0)
                              .invokespecial(CD_Object, INIT_NAME, MTD_void)
                              .aload(0)
                              .aload(1)
                              .putfield(name, FIELD, EXECUTOR)
                              .return_());
              for (Method method : schedulerType.getMethods()) {
                if (isAbstract(method)) {
                  implement(name, method, type);
                }
              }
            });
  }

  private static boolean isAbstract(Method method) {
    return Modifier.isAbstract(method.getModifiers());
  }

  private static boolean takesTask(Method method) {
    Class<?>[] parameters = method.getParameterTypes();
    return method.getReturnType() == void.class
        && parameters.length > 0
        && Runnable.class.isAssignableFrom(parameters[parameters.length - 1]);
  }

  private static void implement(ClassDesc name, Method method, ClassBuilder type) {
    MethodTypeDesc descriptor =
        MethodType.methodType(method.getReturnType(), method.getParameterTypes())
            .describeConstable()
            .orElseThrow();
    type.withMethodBody(
        method.getName(),
        descriptor,
        ClassFile.ACC_PUBLIC,
        code -> {
          if (takesTask(method)) {
            execute(name, descriptor, code);
          } else {
            refuse(code);
          }
        });
  }

  private static void execute(ClassDesc name, MethodTypeDesc descriptor, CodeBuilder code) {
    code.aload(0)
        .getfield(name, FIELD, EXECUTOR)
        .loadLocal(TypeKind.REFERENCE, code.parameterSlot(descriptor.parameterCount() - 1))
        .invokeinterface(EXECUTOR, "execute", MethodTypeDesc.of(CD_void, RUNNABLE))
        .return_();
  }

  private static void refuse(CodeBuilder code) {
    ClassDesc unsupported = ClassDesc.of("java.lang.UnsupportedOperationException");
    code.new_(unsupported).dup().invokespecial(unsupported, INIT_NAME, MTD_void).athrow();
  }
}
