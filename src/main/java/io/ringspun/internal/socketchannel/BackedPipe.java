package io.ringspun.internal.socketchannel;

import io.ringspun.net.RingSelectorProvider;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.spi.SelectorProvider;

/**
 * A pipe of the JDK whose ends can be registered with selectors of {@link RingSelectorProvider}.
 */
public final class BackedPipe extends Pipe {
  private final SourceChannel source;
  private final SinkChannel sink;

  public BackedPipe(SelectorProvider provider, Pipe jdk) {
    source = new Source(provider, jdk.source());
    sink = new Sink(provider, jdk.sink());
  }

  @Override
  public SourceChannel source() {
    return source;
  }

  @Override
  public SinkChannel sink() {
    return sink;
  }

  private static final class Source extends SourceChannel implements Delegating {
    private final Delegate<SourceChannel> jdk;

    Source(SelectorProvider provider, SourceChannel jdk) {
      super(provider);
      this.jdk = new Delegate<>(this, jdk);
    }

    @Override
    public Delegate<?> delegate() {
      return jdk;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
      return jdk.run(channel -> channel.read(target));
    }

    @Override
    public long read(ByteBuffer[] targets, int offset, int length) throws IOException {
      return jdk.run(channel -> channel.read(targets, offset, length));
    }

    @Override
    public long read(ByteBuffer[] targets) throws IOException {
      return read(targets, 0, targets.length);
    }

    @Override
    protected void implConfigureBlocking(boolean block) throws IOException {
      jdk.configureBlocking(block);
    }

    @Override
    protected void implCloseSelectableChannel() throws IOException {
      jdk.channel().close();
    }
  }

  private static final class Sink extends SinkChannel implements Delegating {
    private final Delegate<SinkChannel> jdk;

    Sink(SelectorProvider provider, SinkChannel jdk) {
      super(provider);
      this.jdk = new Delegate<>(this, jdk);
    }

    @Override
    public Delegate<?> delegate() {
      return jdk;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
      return jdk.run(channel -> channel.write(source));
    }

    @Override
    public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
      return jdk.run(channel -> channel.write(sources, offset, length));
    }

    @Override
    public long write(ByteBuffer[] sources) throws IOException {
      return write(sources, 0, sources.length);
    }

    @Override
    protected void implConfigureBlocking(boolean block) throws IOException {
      jdk.configureBlocking(block);
    }

    @Override
    protected void implCloseSelectableChannel() throws IOException {
      jdk.channel().close();
    }
  }
}
