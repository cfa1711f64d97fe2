package io.ringspun.internal.socketchannel;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A JDK channel that backs a Ringspun channel, which can thus be registered with {@link
 * RingSelector}. Safe for use by multiple concurrent threads.
 */
final class Delegate<C extends SelectableChannel> {
  private final Closeable owner;
  private final C channel;
  private final Set<SelectionKey> keys = ConcurrentHashMap.newKeySet();

  /** An operation of the channel. */
  interface Action<C, T extends @Nullable Object> {
    T run(C channel) throws IOException;
  }

  Delegate(Closeable owner, C channel) {
    this.owner = owner;
    this.channel = channel;
  }

  C channel() {
    return channel;
  }

  /** Runs an operation; if that closes the JDK's channel, our channel is closed too. */
  <T extends @Nullable Object> T run(Action<C, T> action) throws IOException {
    try {
      return action.run(channel);
    } finally {
      if (!channel.isOpen()) {
        owner.close();
      }
    }
  }

  /**
   * Changes the mode. Our channel has no valid keys when it enters blocking mode, so the JDK's keys
   * behind them are cancelled, even if no selection has removed them yet.
   */
  void configureBlocking(boolean block) throws IOException {
    if (block) {
      keys.forEach(this::cancel);
    }
    channel.configureBlocking(block);
  }

  SelectionKey register(Selector selector, int ops, Object attachment)
      throws ClosedChannelException {
    SelectionKey key = channel.register(selector, ops, attachment);
    keys.add(key);
    return key;
  }

  void cancel(SelectionKey key) {
    key.cancel();
    keys.remove(key);
  }
}
