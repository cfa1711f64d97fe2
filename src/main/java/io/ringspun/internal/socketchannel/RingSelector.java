package io.ringspun.internal.socketchannel;

import java.io.IOException;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.IllegalSelectorException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.AbstractSelectionKey;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;
import java.util.AbstractSet;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A wrapper of a JDK selector that accepts Ringspun's channels, through the JDK channels that back
 * them. Each of its keys corresponds to a key of the JDK's selector.
 *
 * <p>As in the JDK, a selection holds the monitors of the selector and of its selected-key set.
 */
public final class RingSelector extends AbstractSelector {
  private final Selector jdk;

  private final Set<SelectionKey> keys = ConcurrentHashMap.newKeySet();
  private final Set<SelectionKey> keysView = Collections.unmodifiableSet(keys);
  private final Set<SelectionKey> selected = new HashSet<>(); // guarded by selectedView
  private final Set<SelectionKey> selectedView = new Ungrowable(selected);

  private boolean selecting; // guarded by this

  /** The keys that the JDK's selector has selected, with their operations; guarded by this. */
  private final Map<Key, Integer> found = new LinkedHashMap<>();

  private final AtomicReference<WakeUp> wakeUp = new AtomicReference<>(WakeUp.NONE);

  /**
   * What has become of the last wake-up. It goes to the JDK's selector only while that waits. Else
   * the selection that flushes cancelled keys, which does not wait, would use up the wake-up of one
   * that does.
   *
   * <p>No lock: whoever wakes a selection that waits would hold it when that goes on and wants it.
   */
  private enum WakeUp {
    /** There was none. */
    NONE,
    /** There was none, and a selection waits. */
    AWAITED,
    /** One that the selection that waits will get. */
    UNDER_WAY,
    /** One that the selection that waits has got. */
    ARRIVED,
    /** One for the next selection. */
    KEPT
  }

  public RingSelector(SelectorProvider provider, Selector jdk) {
    super(provider);
    this.jdk = jdk;
  }

  @Override
  protected SelectionKey register(
      AbstractSelectableChannel channel, int ops, @Nullable Object attachment) {
    requireOpen();
    if (!(channel instanceof Delegating ours)) {
      throw new IllegalSelectorException();
    }
    Delegate<?> delegate = ours.delegate();
    Key key = new Key(channel, delegate);
    key.attach(attachment);
    try {
      SelectionKey inner = delegate.register(jdk, 0, key);
      key.inner = inner;
      keys.add(key); // before it can be selected
      inner.interestOps(ops);
    } catch (ClosedChannelException e) {
      throw new CancelledKeyException(); // closed meanwhile, which also cancels its keys
    } catch (CancelledKeyException e) {
      if (key.inner == null) {
        throw e; // a cancelled key that no selection has flushed yet
      }
      // Another thread has cancelled the new key already.
    }
    if (!isOpen()) {
      keys.remove(key);
      key.cancel();
      throw new ClosedSelectorException();
    }
    return key;
  }

  // ---- selecting -----------------------------------------------------------------------------

  private static final long NOW = -1;
  private static final long FOREVER = 0;

  @Override
  public int select() throws IOException {
    return select(FOREVER, null);
  }

  @Override
  public int select(long timeout) throws IOException {
    requireTimeout(timeout);
    return select(timeout, null);
  }

  @Override
  public int selectNow() throws IOException {
    return select(NOW, null);
  }

  @Override
  public int select(Consumer<SelectionKey> action) throws IOException {
    return select(FOREVER, Objects.requireNonNull(action));
  }

  @Override
  public int select(Consumer<SelectionKey> action, long timeout) throws IOException {
    Objects.requireNonNull(action);
    requireTimeout(timeout);
    return select(timeout, action);
  }

  @Override
  public int selectNow(Consumer<SelectionKey> action) throws IOException {
    return select(NOW, Objects.requireNonNull(action));
  }

  private static void requireTimeout(long timeout) {
    if (timeout < 0) {
      throw new IllegalArgumentException("Negative timeout");
    }
  }

  /**
   * Selects.
   *
   * @param timeout in milliseconds, {@link #NOW} or {@link #FOREVER}
   * @param action the action to run for each ready key; null adds the keys to the selected-key set,
   *     which is not changed otherwise
   * @return the number of keys for which the action was run, or that were added or updated
   */
  private int select(long timeout, @Nullable Consumer<SelectionKey> action) throws IOException {
    synchronized (this) {
      requireOpen();
      if (selecting) {
        throw new IllegalStateException("select in progress");
      }
      selecting = true;
      try {
        synchronized (selectedView) {
          found.clear();
          flushCancelled();
          find(timeout);
          flushCancelled(); // before anything is counted
          return action == null ? updateSelected() : perform(action);
        }
      } finally {
        selecting = false;
      }
    }
  }

  /** Has the JDK's selector select, without a wait if a wake-up was kept. */
  private void find(long timeout) throws IOException {
    boolean waits = timeout != NOW && wakeUp.compareAndSet(WakeUp.NONE, WakeUp.AWAITED);
    if (!waits) {
      wakeUp.set(WakeUp.NONE);
      jdk.selectNow(this::found);
      return;
    }
    WakeUp after;
    try {
      jdk.select(this::found, timeout);
    } finally {
      after = wakeUp.getAndSet(WakeUp.NONE);
    }
    if (after == WakeUp.ARRIVED && !(found.isEmpty() && timeout == FOREVER)) {
      flush(); // it may have arrived after the wait, and must not end the next one
    }
  }

  private void found(SelectionKey inner) {
    try {
      found.put((Key) inner.attachment(), inner.readyOps());
    } catch (CancelledKeyException _) {
      // A cancelled key is not ready.
    }
  }

  private int updateSelected() {
    int updated = 0;
    for (Map.Entry<Key, Integer> entry : found.entrySet()) {
      Key key = entry.getKey();
      int before = selected.add(key) ? 0 : key.ready;
      key.ready = before | entry.getValue();
      if (key.ready != before) {
        updated++;
      }
    }
    return updated;
  }

  private int perform(Consumer<SelectionKey> action) {
    int performed = 0;
    for (Map.Entry<Key, Integer> entry : found.entrySet()) {
      Key key = entry.getKey();
      if ((entry.getValue() & key.interest()) != 0) { // an earlier action may have changed it
        key.ready = entry.getValue();
        action.accept(key);
        requireOpen();
        performed++;
      }
    }
    return performed;
  }

  /** Removes cancelled keys from both selectors. */
  private void flushCancelled() throws IOException {
    List<SelectionKey> cancelled;
    synchronized (cancelledKeys()) {
      cancelled = List.copyOf(cancelledKeys());
      cancelledKeys().clear();
    }
    if (cancelled.isEmpty()) {
      return;
    }
    for (SelectionKey key : cancelled) {
      ((Key) key).cancelInner();
    }
    flush(); // before the channel forgets ours, and could be registered again
    cancelled.forEach(key -> forget((Key) key));
  }

  /**
   * Lets the JDK's selector remove cancelled keys. Ready channels are found by the next selection.
   */
  private void flush() throws IOException {
    jdk.selectNow(_ -> {});
  }

  private void forget(Key key) {
    keys.remove(key);
    selected.remove(key);
    found.remove(key);
    deregister(key);
  }

  @Override
  public Selector wakeup() {
    boolean isAwaited = false;
    while (!isAwaited && !wakeUp.compareAndSet(WakeUp.NONE, WakeUp.KEPT)) {
      if (wakeUp.get() != WakeUp.NONE && wakeUp.get() != WakeUp.AWAITED) {
        return this; // one wakes as well as two
      }
      isAwaited = wakeUp.compareAndSet(WakeUp.AWAITED, WakeUp.UNDER_WAY);
    }
    if (isAwaited) {
      WakeUp after = WakeUp.AWAITED; // should the JDK's selector find no stack, say
      try {
        jdk.wakeup();
        after = WakeUp.ARRIVED;
      } finally {
        wakeUp.compareAndSet(WakeUp.UNDER_WAY, after);
      }
    }
    return this;
  }

  @Override
  public Set<SelectionKey> keys() {
    requireOpen();
    return keysView;
  }

  @Override
  public Set<SelectionKey> selectedKeys() {
    requireOpen();
    return selectedView;
  }

  @Override
  protected void implCloseSelector() throws IOException {
    wakeup(); // a selection ends as usual, and none begins
    synchronized (this) {
      jdk.close();
      synchronized (selectedView) {
        keys.forEach(key -> forget((Key) key));
      }
    }
  }

  private void requireOpen() {
    if (!isOpen()) {
      throw new ClosedSelectorException();
    }
  }

  /** The key of a Ringspun channel. */
  private final class Key extends AbstractSelectionKey {
    private final SelectableChannel channel;
    private final Delegate<?> delegate;
    private volatile @Nullable SelectionKey inner; // set once, right after the key was made
    private volatile int ready; // written by selections

    Key(SelectableChannel channel, Delegate<?> delegate) {
      this.channel = channel;
      this.delegate = delegate;
    }

    @Override
    public SelectableChannel channel() {
      return channel;
    }

    @Override
    public Selector selector() {
      return RingSelector.this;
    }

    private SelectionKey inner() {
      SelectionKey key = inner;
      if (key == null || !isValid()) {
        throw new CancelledKeyException();
      }
      return key;
    }

    void cancelInner() {
      SelectionKey key = inner;
      if (key != null) {
        delegate.cancel(key);
      }
    }

    @Override
    public int interestOps() {
      return inner().interestOps();
    }

    @Override
    public SelectionKey interestOps(int ops) {
      inner().interestOps(ops);
      return this;
    }

    @Override
    public int interestOpsOr(int ops) {
      return inner().interestOpsOr(ops);
    }

    @Override
    public int interestOpsAnd(int ops) {
      return inner().interestOpsAnd(ops);
    }

    /** Returns the interest set, or all operations if the JDK has cancelled its key. */
    int interest() {
      try {
        return Objects.requireNonNull(inner).interestOps();
      } catch (CancelledKeyException _) {
        return ~0;
      }
    }

    @Override
    public int readyOps() {
      inner();
      return ready;
    }
  }

  /** A set from which users may remove elements, but to which only the selector adds. */
  private static final class Ungrowable extends AbstractSet<SelectionKey> {
    private final Set<SelectionKey> set;

    Ungrowable(Set<SelectionKey> set) {
      this.set = set;
    }

    @Override
    public Iterator<SelectionKey> iterator() {
      return set.iterator();
    }

    @Override
    public int size() {
      return set.size();
    }

    @Override
    public boolean contains(@Nullable Object key) {
      return set.contains(key);
    }

    @Override
    public boolean remove(@Nullable Object key) {
      return set.remove(key);
    }

    @Override
    public void clear() {
      set.clear();
    }
  }
}
