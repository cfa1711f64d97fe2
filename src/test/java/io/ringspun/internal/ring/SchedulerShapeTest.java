package io.ringspun.internal.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.testing.Once;
import java.lang.invoke.MethodHandles;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The shapes of JDKs that may not be installed, with classes that look like theirs. */
@Once
class SchedulerShapeTest {
  private static final MethodHandles.Lookup LOOKUP = MethodHandles.lookup();

  // ---- a scheduler is an executor ------------------------------------------------------------

  static final class ExecutorBuilder {
    final Executor scheduler;

    ExecutorBuilder(Executor scheduler) {
      this.scheduler = scheduler;
    }
  }

  @Test
  void executorShape_hasTheScheduler() throws Throwable {
    SchedulerShape shape = ExecutorShape.of(LOOKUP, ExecutorBuilder.class);
    Executor executor = Runnable::run;
    assertSame(executor, ((ExecutorBuilder) shape.builder(executor)).scheduler);
    assertSame(executor, shape.scheduler(executor));
    assertTrue(shape.isInherited());
  }

  @Test
  void executorShape_ofAnotherShape() {
    assertThrows(NoSuchMethodException.class, () -> ExecutorShape.of(LOOKUP, TaskBuilder.class));
  }

  // ---- a scheduler gets tasks ----------------------------------------------------------------

  interface Task extends Runnable {
    Thread thread();
  }

  interface TaskScheduler {
    void onStart(Task task);

    void onContinue(Task task);

    default Future<?> schedule(Runnable task, long delay, TimeUnit unit) {
      return null;
    }
  }

  static final class TaskBuilder {
    private TaskScheduler scheduler;
  }

  record FakeTask(String name) implements Task {
    @Override
    public Thread thread() {
      return null;
    }

    @Override
    public void run() {}
  }

  @Test
  void taskShape_startsAndContinues() throws Throwable {
    SchedulerShape shape = TaskSchedulerShape.of(LOOKUP, TaskBuilder.class, TaskScheduler.class);
    List<Runnable> executed = new ArrayList<>();
    TaskScheduler scheduler = ((TaskBuilder) shape.builder(executed::add)).scheduler;
    scheduler.onStart(new FakeTask("a"));
    scheduler.onContinue(new FakeTask("b"));
    assertEquals(List.of(new FakeTask("a"), new FakeTask("b")), executed);
    assertNull(scheduler.schedule(() -> {}, 1, TimeUnit.SECONDS), "the JDK's default stays");
    assertFalse(shape.isInherited());
  }

  // ---- the shape before that -----------------------------------------------------------------

  interface ThreadScheduler {
    void execute(Thread thread, Runnable task);

    Object other(long wide, String narrow);
  }

  static final class ThreadBuilder {
    private ThreadScheduler scheduler;
  }

  @Test
  void taskShape_takesTheLastParameter() throws Throwable {
    SchedulerShape shape =
        TaskSchedulerShape.of(LOOKUP, ThreadBuilder.class, ThreadScheduler.class);
    List<Runnable> executed = new ArrayList<>();
    ThreadScheduler scheduler = (ThreadScheduler) shape.scheduler(executed::add);
    Runnable task = () -> {};
    scheduler.execute(null, task);
    assertEquals(List.of(task), executed);
    assertThrows(UnsupportedOperationException.class, () -> scheduler.other(1, ""));
  }

  // ---- none of them --------------------------------------------------------------------------

  interface OtherScheduler {
    Object choose(Runnable task);
  }

  static final class OtherBuilder {
    private OtherScheduler scheduler;
  }

  @Test
  void taskShape_ofAnotherShape() {
    assertThrows(
        NoSuchMethodException.class,
        () -> TaskSchedulerShape.of(LOOKUP, OtherBuilder.class, OtherScheduler.class));
    assertThrows(
        ReflectiveOperationException.class,
        () -> TaskSchedulerShape.of(LOOKUP, ExecutorBuilder.class, TaskScheduler.class));
  }
}
