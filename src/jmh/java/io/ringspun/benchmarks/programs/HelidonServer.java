package io.ringspun.benchmarks.programs;

import io.helidon.webserver.WebServer;

/**
 * A web server on Helidon SE, which reads and writes blocking sockets on virtual threads.
 *
 * <pre>HelidonServer PORT</pre>
 */
public final class HelidonServer {
  private HelidonServer() {}

  /** Serves. */
  public static void main(String[] args) {
    WebServer.builder()
        .host("127.0.0.1")
        .port(Integer.parseInt(args[0]))
        .routing(
            routing ->
                routing
                    .get(Content.TEXT_PATH, (_, res) -> res.send(Content.of(Content.TEXT_PATH)))
                    .get(
                        Content.THREAD_PATH, (_, res) -> res.send(Content.of(Content.THREAD_PATH))))
        .build()
        .start();
  }
}
