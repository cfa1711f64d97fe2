package io.ringspun;

import io.ringspun.testing.Await;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;

/**
 * Loads the library in a class loader of its own, and an application that uses it in another, on
 * threads with things to inherit; tells when each of these can be collected.
 */
final class UnloadProgram {
  private static final InheritableThreadLocal<Object> HEIRLOOM = new InheritableThreadLocal<>();

  private UnloadProgram() {}

  public static void main(String[] arguments) throws Exception {
    Loader library = new Loader(UnloadProgram.class.getClassLoader());
    Class<?> uses = library.loadClass("io.ringspun.UnloadUses");

    for (WeakReference<Object> legacy : runOnGuest(method(uses, "begin"))) {
      awaitCollected(legacy);
    }
    System.out.println("an application that has ended is collected while its ring is open");

    method(uses, "end").run();
    awaitNoThread();
    System.out.println("the threads end after the last ring");

    runOnGuest(method(uses, "begin"));
    method(uses, "end").run();
    awaitNoThread();
    System.out.println("the threads come back with the next ring, and end again");

    WeakReference<Object> unloaded = new WeakReference<>(library);
    library = null;
    uses = null;
    awaitCollected(unloaded);
    System.out.println("the library is collected");
  }

  private static Runnable method(Class<?> type, String name) {
    return () -> {
      try {
        type.getDeclaredMethod(name).invoke(null);
      } catch (ReflectiveOperationException e) {
        throw new AssertionError(e);
      }
    };
  }

  /** Runs something on a thread that has what threads inherit, and returns what that is. */
  private static List<WeakReference<Object>> runOnGuest(Runnable task) throws Exception {
    Object heirloom = new Object();
    ClassLoader loader = new Loader(UnloadProgram.class.getClassLoader());
    Throwable[] failure = new Throwable[1];
    ThreadGroup group =
        new ThreadGroup("guest") {
          @Override
          public void uncaughtException(Thread thread, Throwable e) {
            failure[0] = e;
          }
        };
    Thread guest =
        new Thread(
            group,
            () -> {
              HEIRLOOM.set(heirloom);
              task.run();
            });
    guest.setContextClassLoader(loader);
    guest.setPriority(Thread.MAX_PRIORITY);
    guest.start();
    guest.join();
    if (failure[0] != null) {
      throw new AssertionError(failure[0]);
    }
    return List.of(
        new WeakReference<>(heirloom), new WeakReference<>(loader), new WeakReference<>(group));
  }

  private static void awaitCollected(WeakReference<Object> reference) {
    Await.until(
        reference.get() + " is collected",
        () -> {
          System.gc();
          return reference.refersTo(null);
        });
  }

  private static void awaitNoThread() {
    Await.until("no thread of the library", () -> threads().isEmpty());
  }

  /** Returns the library's threads. */
  static List<Thread> threads() {
    List<Thread> threads = new ArrayList<>(Thread.getAllStackTraces().keySet());
    threads.removeIf(thread -> !thread.getName().startsWith("ringspun-"));
    return threads;
  }

  /** Loads the library, and the part of this program that uses it, anew. */
  private static final class Loader extends URLClassLoader {
    Loader(ClassLoader parent) throws Exception {
      super(
          new URL[] {
            Ring.class.getProtectionDomain().getCodeSource().getLocation(),
            UnloadProgram.class.getProtectionDomain().getCodeSource().getLocation()
          },
          parent);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith("io.ringspun.") || name.startsWith("io.ringspun.testing.")) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        return loaded != null ? loaded : findClass(name);
      }
    }
  }
}
