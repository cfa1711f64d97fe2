package io.ringspun.net;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.InstalledServer;
import io.ringspun.testing.Once;
import io.ringspun.testing.RingWork;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Response;
import redis.clients.jedis.exceptions.JedisConnectionException;

/** Jedis on our sockets, against a real Redis. */
@Once
class JedisTest {
  private static InstalledServer redis;

  @TempDir static Path directory;

  @BeforeAll
  static void start() throws IOException {
    Path program = InstalledServer.findOrSkip("redis-server", "redis-server");
    int port = InstalledServer.freePort();
    redis =
        InstalledServer.start(
            port,
            directory.resolve("redis.log"),
            List.of(
                program.toString(),
                "--port",
                Integer.toString(port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--dir",
                directory.toString()));
  }

  @AfterAll
  static void stop() {
    if (redis != null) {
      redis.close();
    }
  }

  private static Jedis connect(Ring ring) {
    RingSocketFactory factory = new RingSocketFactory(ring);
    return new Jedis(
        () -> {
          try {
            Socket socket = factory.createSocket(InetAddress.getLoopbackAddress(), redis.port());
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(10_000);
            return socket;
          } catch (IOException e) {
            throw new JedisConnectionException(e);
          }
        });
  }

  @ParameterizedTest
  @EachCaller
  void valuesAndPipelines(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      caller.run(
          ring,
          () -> {
            try (Jedis jedis = connect(ring)) {
              assertEquals("PONG", jedis.ping());
              byte[] large = Bytes.of(1, 0, 3_000_000);
              jedis.set("large".getBytes(UTF_8), large);
              assertArrayEquals(large, jedis.get("large".getBytes(UTF_8)));
              Pipeline pipeline = jedis.pipelined();
              List<Response<Long>> counts = new ArrayList<>();
              for (int i = 0; i < 5_000; i++) {
                counts.add(pipeline.incr("count-" + caller));
              }
              pipeline.sync();
              for (int i = 0; i < 5_000; i++) {
                assertEquals(i + 1L, counts.get(i).get());
              }
            }
          });
      assertTrue(RingWork.of(ring) > 10, "the ring must have done it");
    }
  }

  @ParameterizedTest
  @EachCaller
  void publishAndSubscribe(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      List<String> heard = new ArrayList<>();
      CountDownLatch subscribed = new CountDownLatch(1);
      JedisPubSub listener =
          new JedisPubSub() {
            @Override
            public void onSubscribe(String channel, int count) {
              subscribed.countDown();
            }

            @Override
            public void onMessage(String channel, String message) {
              heard.add(message);
              if (message.equals("last")) {
                unsubscribe();
              }
            }
          };
      Caller.Begun<Object> subscriber =
          caller.begin(
              ring,
              () -> {
                try (Jedis jedis = connect(ring)) {
                  jedis.subscribe(listener, "news");
                }
                return null;
              });
      subscribed.await();
      caller.run(
          ring,
          () -> {
            try (Jedis jedis = connect(ring)) {
              for (int i = 0; i < 100; i++) {
                jedis.publish("news", "message " + i);
              }
              jedis.publish("news", "last");
            }
          });
      subscriber.result();
      assertEquals(101, heard.size());
      assertEquals("message 99", heard.get(99));
      assertTrue(RingWork.of(ring) > 10, "the ring must have done it");
    }
  }

  @Test
  void blockingPop_endsByClose() throws Exception {
    try (Ring ring = Ring.open()) {
      Jedis jedis = connect(ring);
      jedis.ping(); // which connects
      Caller.Begun<List<String>> pop = Caller.CARRIED.begin(ring, () -> jedis.blpop(0, "nothing"));
      pop.awaitParked();
      jedis.disconnect();
      assertThrows(JedisConnectionException.class, pop::result);
    }
  }
}
