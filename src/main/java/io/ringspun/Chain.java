package io.ringspun;

import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Engine;
import java.time.Duration;

/**
 * {@linkplain Step Steps} that run one after the other in a single submission ({@code
 * IOSQE_IO_LINK}, Linux 5.3). When a step fails, or transfers fewer bytes than requested, all later
 * steps are cancelled, unless the next one runs {@linkplain Step#evenIfPreviousFailed even if the
 * previous one failed}.
 *
 * {@snippet :
 * ring.chain().write(log, page, 0).fdatasync(log).run();
 * }
 *
 * <p>Operations of other threads are never linked into a chain, but they may run at the same time
 * as its steps. What a step has done is not undone when a later step fails.
 *
 * <p>A chain is submitted as a whole or not at all, with one exception: the kernel does not break
 * the link after a failed or cancelled sync, shutdown, futex wait, or operation that queries or
 * changes names, sizes or attributes. So Ringspun submits the steps after such an operation only
 * once it has succeeded.
 *
 * <p>A chain can be run once. Not thread-safe. {@link #run()} throws unless every step succeeded
 * completely. {@link #attempt} returns the outcomes in any case. Segments are lent to the kernel
 * until the run ends: do not access or free them meanwhile. A segment of a shared arena is copied.
 *
 * @since 0.1
 */
public final class Chain extends Transaction<Chain> {
  Chain(Engine engine) {
    super(engine);
  }

  @Override
  Chain self() {
    return this;
  }

  @Override
  void admit(Step step, int position) {
    if (position == 0 && step.runsEvenIfPreviousFailed()) {
      throw new IllegalArgumentException(
          "the first step of a chain cannot have evenIfPreviousFailed: there is no previous step");
    }
    if (position > 0 && step.runsAfterEverythingElse()) {
      throw new IllegalArgumentException(
          "only the first step of a chain can have afterEverythingElse, which applies to the whole"
              + " chain");
    }
  }

  @Override
  Call newCall(Step[] all) {
    boolean[] hard = new boolean[all.length];
    int limits = 0;
    for (int i = 0; i < all.length; i++) {
      hard[i] = i + 1 < all.length && all[i + 1].runsEvenIfPreviousFailed();
      limits += all[i].limit() == null ? 0 : 1;
    }
    requireFits(all.length, limits);
    Call call = Call.chain(hard, all[0].runsAfterEverythingElse());
    for (int i = 0; limits > 0 && i < all.length; i++) {
      Duration limit = all[i].limit();
      if (limit != null) {
        call.limit(i, limit);
      }
    }
    return call;
  }

  private void requireFits(int count, int limits) {
    int longest = engine().longestChain();
    if (count + limits > longest) {
      throw new IllegalArgumentException(
          "a chain of %d steps%s cannot be submitted at once; this ring takes %d: open it with"
                  .formatted(count, limits == 0 ? "" : " and %d limits".formatted(limits), longest)
              + " more entries");
    }
  }
}
