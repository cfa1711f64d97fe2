package io.ringspun.internal.agent;

import java.lang.instrument.Instrumentation;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Map;
import java.util.Set;

/** What other programs give the library by flags, the agent takes by itself. */
final class Privileges {
  private Privileges() {}

  /**
   * Opens packages of {@code java.base} to this module and lets it call native code. The JDK does
   * not tell unnamed modules apart here, so on the class path all of it may call native code.
   *
   * @throws ReflectiveOperationException if this JDK has no such method
   */
  static void take(Instrumentation instrumentation) throws ReflectiveOperationException {
    Module own = Privileges.class.getModule();
    open(instrumentation, own, "java.lang");
    open(instrumentation, own, "java.net");
    MethodHandles.Lookup lookup =
        MethodHandles.privateLookupIn(Module.class, MethodHandles.lookup());
    try {
      if (own.isNamed()) {
        MethodHandle enable =
            lookup.findVirtual(
                Module.class, "implAddEnableNativeAccess", MethodType.methodType(Module.class));
        Module enabled = (Module) enable.invokeExact(own);
        assert enabled == own;
      } else {
        lookup
            .findStatic(
                Module.class,
                "implAddEnableNativeAccessToAllUnnamed",
                MethodType.methodType(void.class))
            .invokeExact();
      }
    } catch (ReflectiveOperationException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("no such method throws this", e);
    }
  }

  private static void open(Instrumentation instrumentation, Module own, String packageName) {
    instrumentation.redefineModule(
        Object.class.getModule(),
        Set.of(),
        Map.of(),
        Map.of(packageName, Set.of(own)),
        Set.of(),
        Map.of());
  }
}
