package io.ringspun.internal.agent;

import io.ringspun.internal.ring.SharedRings;
import java.lang.instrument.Instrumentation;
import org.jspecify.annotations.Nullable;

/**
 * The entry of the Java agent, {@code -javaagent:ringspun.jar[=options]}. See {@link AgentOptions}
 * for the options. Whatever cannot be done is reported by one line on the standard error stream,
 * and the program runs as it does without the agent.
 */
public final class Agent {
  private Agent() {}

  /** Called by the JVM before the program's main method. */
  public static void premain(@Nullable String options, Instrumentation instrumentation) {
    install(options, instrumentation);
  }

  /** Called by the JVM when the agent is attached to a running program. */
  public static void agentmain(@Nullable String options, Instrumentation instrumentation) {
    install(options, instrumentation);
  }

  private static void install(@Nullable String text, Instrumentation instrumentation) {
    try {
      AgentOptions options = AgentOptions.parse(text, AgentOutput::problem);
      AgentOutput.setVerbose(options.verbose());
      Privileges.take(instrumentation); // before any class asks whether it has them
      if (options.rings() > 0) {
        SharedRings.setCount(options.rings());
      }
      if (options.threads()) {
        attempt("virtual threads stay on the JDK's scheduler", () -> install(instrumentation));
      }
      if (options.sockets()) {
        attempt("sockets stay the JDK's", SocketInstaller::install);
      }
      if (options.dns()) {
        attempt("names are resolved by the calling thread", ResolverInstaller::install);
      }
      if (!options.packages().isEmpty()) {
        attempt(
            "files stay the JDK's",
            () -> FileCallTransformer.install(instrumentation, options.packages()));
      }
    } catch (Exception | LinkageError e) {
      AgentOutput.problem("the agent does nothing", e);
    }
  }

  private static void install(Instrumentation instrumentation) throws Exception {
    ThreadPatch.install(instrumentation, new RingChooser());
  }

  /** A step of the installation. */
  private interface Step {
    void run() throws Exception;
  }

  private static void attempt(String otherwise, Step step) {
    try {
      step.run();
    } catch (Exception | LinkageError e) {
      AgentOutput.problem(otherwise, e);
    }
  }
}
