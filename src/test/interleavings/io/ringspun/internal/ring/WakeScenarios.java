package io.ringspun.internal.ring;

/**
 * {@link Inbox} and {@link Doorbell}: what is handed over is served, although the ring's thread
 * goes to sleep meanwhile. If it sleeps for good, the tool finds that all threads wait.
 *
 * <p>The ring's thread is that of {@link RingThread} as far as it has to do with the two.
 */
final class WakeScenarios {
  private WakeScenarios() {}

  private static final class Item extends Inbound {
    final int number;

    Item(int number) {
      this.number = number;
    }
  }

  /** A ring without a kernel. */
  private static final class Ring {
    private final SilentKernel kernel = new SilentKernel();
    private final Doorbell doorbell = new Doorbell(kernel, 0);
    private final Inbox inbox = new Inbox();
    private final StringBuilder served = new StringBuilder();

    /** Any thread: see {@link RingThread#handOver}. */
    void handOver(int number) {
      inbox.push(new Item(number));
      doorbell.ring();
    }

    /** The ring's thread: sleeps when there is nothing to do, until it has served so many. */
    void serve(int count) {
      while (true) {
        for (Inbound item = inbox.takeAll(); item != null; item = item.next) {
          served.append(((Item) item).number);
        }
        if (served.length() >= count) {
          return;
        }
        turn();
      }
    }

    /** See {@code RingThread.enter} and {@code RingThread.reap}. */
    private void turn() {
      doorbell.announceWait();
      if (inbox.isEmpty()) {
        kernel.awaitSignal();
        doorbell.endWait();
        doorbell.answered();
        return;
      }
      doorbell.endWait();
      if (kernel.takeSignal()) {
        doorbell.answered();
      }
    }

    void check(int count) {
      doorbell.leave();
      Scenarios.require(served.length() == count, "lost or doubled: " + served);
      for (int i = 1; i <= count; i++) {
        Scenarios.require(served.indexOf("" + i) >= 0, "lost or doubled: " + served);
      }
    }
  }

  /** One thread hands over twice. */
  static void oneGiver() {
    Ring ring = new Ring();
    Scenarios.together(
        () -> ring.serve(2),
        () -> {
          ring.handOver(1);
          ring.handOver(2);
        });
    ring.check(2);
    Scenarios.require(ring.served.indexOf("12") == 0, "out of order: " + ring.served);
  }

  /** Two threads hand over, of which one may ring for both. */
  static void twoGivers() {
    Ring ring = new Ring();
    Scenarios.together(() -> ring.serve(2), () -> ring.handOver(1), () -> ring.handOver(2));
    ring.check(2);
  }

  /** One of them rings only, as {@link RingThread#wake} does. */
  static void wakerAndGiver() {
    Ring ring = new Ring();
    Scenarios.together(() -> ring.serve(1), ring.doorbell::ring, () -> ring.handOver(1));
    ring.check(1);
  }

  /** The watchdog insists meanwhile. */
  static void insistence() {
    Ring ring = new Ring();
    Scenarios.together(() -> ring.serve(1), () -> ring.handOver(1), ring.doorbell::insist);
    ring.check(1);
  }
}
