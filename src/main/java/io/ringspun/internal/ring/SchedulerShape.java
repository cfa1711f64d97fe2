package io.ringspun.internal.ring;

import java.util.concurrent.Executor;

/** One of the ways in which JDKs let a virtual thread have a scheduler other than their own. */
interface SchedulerShape {
  /** Returns a new builder of virtual threads that an executor schedules. */
  Object builder(Executor executor) throws Throwable;

  /** Returns an executor as the type that the JDK has for schedulers. */
  Object scheduler(Executor executor) throws Throwable;

  /** Returns whether the JDK gives a virtual thread the scheduler of the one that creates it. */
  boolean isInherited();
}
