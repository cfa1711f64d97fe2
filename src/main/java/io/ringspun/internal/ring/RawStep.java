package io.ringspun.internal.ring;

import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An operation described field by field, for a step of a chain or a batch. The class {@code
 * io.ringspun.Step} hands in how a step is made of one when it is loaded.
 */
public interface RawStep {
  /** Returns the {@code io.ringspun.Descriptor} that it works on. */
  @Nullable Object descriptor();

  /** Returns the kernel's name of the operation. */
  String name();

  /** Returns the time limit. */
  @Nullable Duration limit();

  /** Returns whether its success says that what was written is safe, or on its way. */
  boolean syncs();

  /** Returns how many bytes it must transfer, or the kernel breaks a chain; 0 if it may be any. */
  int bytesWanted();

  /** Returns 0 if a result is an error in name only, else the result. */
  int outcome(int result);

  /** Checks all that can be known before it is submitted. */
  void check(Engine engine);

  /** Refuses a ring that does not know what it works on. */
  void requireUsableOn(Engine engine);

  /** Fills an operation, and counts its descriptors in. */
  void prepare(Operation operation);

  /** Turns a description into an {@code io.ringspun.Step}. */
  final class Factory {
    private static volatile @Nullable Function<RawStep, Object> maker;

    private Factory() {}

    /** Called once, by the class of the steps. */
    public static void set(Function<RawStep, Object> stepOf) {
      maker = stepOf;
    }

    /** Returns a step of a description that nobody changes any more. */
    public static Object stepOf(RawStep raw) {
      Function<RawStep, Object> stepOf = maker;
      assert stepOf != null : "whoever asks has loaded the class of the steps";
      return stepOf.apply(raw);
    }
  }
}
