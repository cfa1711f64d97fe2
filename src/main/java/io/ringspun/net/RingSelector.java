package io.ringspun.net;

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
import java.util.AbstractSet;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A selector of the JDK that takes channels of ours, by way of the JDK's channels behind them. Each
 * key of ours stands for one of the JDK's selector.
 *
 * <p>As in the JDK, a selection holds the monitors of the selector and of its selected-key set.
 */
final class RingSelector extends AbstractSelector {
  private final Selector jdk;

  private final Set<SelectionKey> keys = ConcurrentHashMap.newKeySet();
  private final Set<SelectionKey> keysView = Collections.unmodifiableSet(keys);
  private final Set<SelectionKey> selected = new HashSet<>(); // guarded by selectedView
  private final Set<SelectionKey> selectedView = new Ungrowable(selected);

  private int updated; // keys that became ready for more in this selection; guarded by this
  private boolean selecting; // guarded by this

  /**
   * Set by wakeup() before it wakes the JDK's selector, cleared at a selection's end: what flushes
   * cancelled keys may use up the other's own memory of it.
   */
  private volatile boolean woken;

  RingSelector(RingSelectorProvider provider, Selector jdk) {
    super(provider);
    this.jdk = jdk;
  }

  @Override
  protected SelectionKey register(
      AbstractSelectableChannel channel, int ops, @Nullable Object attachment) {
    requireOpen();
    Delegate<?> delegate =
        switch (channel) {
          case RingSocketChannel ours -> ours.delegate();
          case RingServerSocketChannel ours -> ours.delegate();
          case Delegating ours -> ours.delegate();
          default -> throw new IllegalSelectorException();
        };
    Key key = new Key(channel, delegate);
    key.attach(attachment);
    try {
      key.inner = delegate.register(jdk, ops, key);
    } catch (ClosedChannelException e) {
      throw new CancelledKeyException(); // closed meanwhile, as its keys then are
    }
    keys.add(key);
    return key;
  }

  // ---- selecting -----------------------------------------------------------------------------

  /** A selection of the JDK's selector. */
  private interface Selection {
    void run(Consumer<SelectionKey> ready) throws IOException;
  }

  @Override
  public int select(long timeout) throws IOException {
    return selectBy(ready -> jdk.select(ready, timeout));
  }

  @Override
  public int select() throws IOException {
    return selectBy(jdk::select);
  }

  @Override
  public int selectNow() throws IOException {
    return selectBy(jdk::selectNow);
  }

  private int selectBy(Selection selection) throws IOException {
    synchronized (this) {
      requireOpen();
      if (selecting) {
        throw new IllegalStateException("select in progress");
      }
      selecting = true;
      updated = 0;
      try {
        synchronized (selectedView) {
          boolean waits = !flushCancelled() || (updated == 0 && !woken);
          (waits ? selection : (Selection) jdk::selectNow).run(this::ready);
          flushCancelled();
          return updated;
        }
      } finally {
        woken = false;
        selecting = false;
      }
    }
  }

  /** Takes over what the JDK's selector found out about a channel. */
  private void ready(SelectionKey inner) {
    Key key = (Key) inner.attachment();
    int now;
    try {
      now = inner.readyOps();
    } catch (CancelledKeyException _) {
      return;
    }
    int before = selected.add(key) ? 0 : key.ready;
    key.ready = before | now;
    if (key.ready != before) {
      updated++;
    }
  }

  /** Has both selectors forget cancelled keys, and returns whether there were any. */
  private boolean flushCancelled() throws IOException {
    List<SelectionKey> cancelled;
    synchronized (cancelledKeys()) {
      cancelled = List.copyOf(cancelledKeys());
      cancelledKeys().clear();
    }
    if (cancelled.isEmpty()) {
      return false;
    }
    for (SelectionKey key : cancelled) {
      ((Key) key).cancelInner();
    }
    jdk.selectNow(this::ready); // before the channel forgets ours, and could be registered again
    cancelled.forEach(key -> forget((Key) key));
    return true;
  }

  private void forget(Key key) {
    keys.remove(key);
    selected.remove(key);
    deregister(key);
  }

  @Override
  public Selector wakeup() {
    woken = true;
    jdk.wakeup();
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
    jdk.close(); // wakes whoever selects
    synchronized (this) {
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

  /** A key for a channel of ours. */
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

    @Override
    public int readyOps() {
      inner();
      return ready;
    }
  }

  /** A set from which users may remove, but to which only the selector adds. */
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
