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

  /** Something that the channel does. */
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

  /** Has the channel do something; if that closes it, our channel is closed too. */
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
   * Changes the mode. For blocking mode our channel has no valid keys left, so those behind them
   * are cancelled, though no selection has come to that yet.
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
