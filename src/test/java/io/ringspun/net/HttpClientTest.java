package io.ringspun.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.InstalledServer;
import io.ringspun.testing.Once;
import io.ringspun.testing.RingWork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.classic.methods.HttpPut;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.DefaultHttpClientConnectionOperator;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManager;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.config.RegistryBuilder;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.pool.PoolConcurrencyPolicy;
import org.apache.hc.core5.pool.PoolReusePolicy;
import org.apache.hc.core5.util.TimeValue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/** Apache's HTTP client on our sockets, against a real nginx. */
@Once
class HttpClientTest {
  private static final byte[] LARGE = Bytes.of(1, 0, 4_000_000);

  private static InstalledServer nginx;

  @TempDir static Path directory;

  @BeforeAll
  static void start() throws IOException {
    Path program = InstalledServer.findOrSkip("nginx", "nginx");
    int port = InstalledServer.freePort();
    Files.write(directory.resolve("large"), LARGE);
    Path config =
        Files.writeString(
            directory.resolve("nginx.conf"),
            """
            daemon off;
            %2$s
            pid %1$s/pid;
            error_log %1$s/error.log;
            events { worker_connections 256; }
            http {
              access_log off;
              client_max_body_size 10m;
              client_body_temp_path %1$s/body;
              proxy_temp_path %1$s/proxy;
              fastcgi_temp_path %1$s/fastcgi;
              uwsgi_temp_path %1$s/uwsgi;
              scgi_temp_path %1$s/scgi;
              server {
                listen 127.0.0.1:%3$d;
                root %1$s;
                dav_methods PUT;
              }
            }
            """
                .formatted(
                    directory, // a worker of another user could not see the directory
                    System.getProperty("user.name").equals("root") ? "user root;" : "",
                    port));
    nginx =
        InstalledServer.start(
            port,
            directory.resolve("nginx.log"),
            List.of(program.toString(), "-p", directory.toString(), "-c", config.toString()));
  }

  @AfterAll
  static void stop() {
    if (nginx != null) {
      nginx.close();
    }
  }

  private static CloseableHttpClient client(Ring ring) throws IOException {
    RingSocketFactory factory = new RingSocketFactory(ring);
    PoolingHttpClientConnectionManager connections =
        new PoolingHttpClientConnectionManager(
            new DefaultHttpClientConnectionOperator(
                proxy -> factory.createSocket(),
                null,
                null,
                RegistryBuilder.<TlsSocketStrategy>create().build()),
            PoolConcurrencyPolicy.STRICT,
            PoolReusePolicy.LIFO,
            TimeValue.NEG_ONE_MILLISECOND,
            null);
    connections.setMaxTotal(8);
    connections.setDefaultMaxPerRoute(8);
    return HttpClients.custom().setConnectionManager(connections).build();
  }

  @ParameterizedTest
  @EachCaller
  void manyRequests_onKeptConnections(Caller caller) throws Exception {
    String base = "http://127.0.0.1:%d/".formatted(nginx.port());
    try (Ring ring = Ring.open();
        CloseableHttpClient client = client(ring)) {
      List<Caller.Begun<Object>> clients = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        String name = "%s-%d".formatted(caller, i);
        byte[] body = Bytes.of(i, 0, 100_000 + i);
        clients.add(
            caller.begin(
                ring,
                () -> {
                  HttpPut put = new HttpPut(base + name);
                  put.setEntity(new ByteArrayEntity(body, ContentType.APPLICATION_OCTET_STREAM));
                  int code = client.execute(put, response -> response.getCode());
                  assertEquals(201, code);
                  assertArrayEquals(body, get(client, base + name));
                  assertArrayEquals(LARGE, get(client, base + "large"));
                  return null;
                }));
      }
      for (Caller.Begun<Object> each : clients) {
        each.result();
      }
      assertTrue(RingWork.of(ring) > 16 * 3, "the ring must have done it");
    }
  }

  private static byte[] get(CloseableHttpClient client, String uri) throws IOException {
    return client.execute(
        new HttpGet(uri),
        response -> {
          assertEquals(200, response.getCode());
          return EntityUtils.toByteArray(response.getEntity());
        });
  }
}
