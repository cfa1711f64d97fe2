package io.ringspun.benchmarks.programs;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.catalina.Context;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;

/**
 * A web server on embedded Tomcat, whose servlets run on virtual threads. Platform threads accept
 * and wait in a selector.
 *
 * <pre>TomcatServer PORT</pre>
 */
public final class TomcatServer {
  private TomcatServer() {}

  /** Serves. */
  public static void main(String[] args) throws Exception {
    Path directory = Files.createTempDirectory("tomcat");
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(directory.toString());
    Connector connector = new Connector();
    connector.setPort(Integer.parseInt(args[0]));
    connector.setProperty("address", "127.0.0.1");
    connector.setProperty("useVirtualThreads", "true");
    connector.setProperty("maxKeepAliveRequests", "-1");
    tomcat.setConnector(connector);
    Context context = tomcat.addContext("", directory.toString());
    Tomcat.addServlet(context, "content", new ContentServlet()).addMapping("/");
    tomcat.start();
    tomcat.getServer().await();
  }

  private static final class ContentServlet extends HttpServlet {
    private static final long serialVersionUID = 1;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      byte[] body = Content.of(request.getRequestURI());
      response.setContentLength(body.length);
      response.getOutputStream().write(body);
    }
  }
}
