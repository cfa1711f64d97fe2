package io.ringspun.internal.filechannel;

import io.ringspun.RingGroup;
import io.ringspun.RingUnavailableException;
import io.ringspun.file.RingFileChannel;
import io.ringspun.internal.log.Log;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Whether channels fall back to the JDK: if no ring can be opened and {@code
 * -Dio.ringspun.fallback=jdk} is set.
 */
public final class Fallback {
  private static final String PROPERTY = "io.ringspun.fallback";
  private static final Log LOG = Log.of(RingFileChannel.class);

  private static volatile @Nullable String inForce; // why; set once under the lock, read by any

  private Fallback() {}

  /**
   * Returns the reason for the fallback, or empty if the shared group is available.
   *
   * @throws IllegalArgumentException if the property has a value that means nothing
   * @throws RingUnavailableException if no ring can be opened, and the fallback is not enabled
   * @throws IOException if another I/O error occurs
   */
  public static Optional<String> reason() throws IOException {
    String known = inForce;
    if (known != null) {
      return Optional.of(known);
    }
    boolean isAllowed = isAllowed(System.getProperty(PROPERTY, "fail"));
    try {
      RingGroup.shared();
      return Optional.empty();
    } catch (RingUnavailableException e) {
      if (!isAllowed) {
        throw e;
      }
      return Optional.of(enforce(e));
    }
  }

  /** Says what stands behind that which has no ring of its own, as far as is known yet. */
  public static String describe() {
    String known = inForce;
    return known == null ? "shared ring" : "fallback: JDK, because " + known;
  }

  private static boolean isAllowed(String value) {
    return switch (value) {
      case "jdk" -> true;
      case "fail" -> false;
      default ->
          throw new IllegalArgumentException(
              "-D%s=%s means nothing: it must be jdk or fail".formatted(PROPERTY, value));
    };
  }

  private static synchronized String enforce(RingUnavailableException refused) {
    String known = inForce;
    if (known == null) {
      known = refused.reason();
      inForce = known;
      LOG.warn(
          "io_uring is not available: {}. Channels and ring paths are the JDK's instead, as"
              + " -D{}=jdk allows, and hold the carrier while they wait. To have rings: {}.",
          known,
          PROPERTY,
          refused.remedy());
    }
    return known;
  }
}
