package io.ringspun;

import java.util.Optional;
import java.util.Set;

/**
 * Whether io_uring rings work on this machine, and if not, why. {@link Ring#availability}
 * determines it by opening a ring and reading bytes through it.
 *
 * @param isAvailable whether a ring was opened and a read through it returned the right bytes
 * @param kernel the kernel release, for example {@code "6.12.9"}
 * @param liburing where liburing was loaded from, or empty if it was not loaded
 * @param features the {@code IORING_FEAT_} flags of the kernel, without that prefix
 * @param opcodes the operations that the kernel supports, {@code IORING_OP_} names without that
 *     prefix
 * @param registerOpcodes the register operations that the kernel supports, {@code IORING_REGISTER_}
 *     and {@code IORING_UNREGISTER_} names without {@code IORING_}; empty before Linux 6.18, which
 *     cannot report them
 * @param setupFlags the setup flags that the kernel supports, {@code IORING_SETUP_} names without
 *     that prefix; empty before Linux 6.18
 * @param carriesVirtualThreads whether rings can carry virtual threads in this process
 * @param carryingObstacle why rings cannot carry virtual threads in this process, or empty if they
 *     can
 * @param reason why rings do not work, or empty if they do
 * @param remedy how to fix it, or empty if rings work
 * @since 0.1
 */
public record Availability(
    boolean isAvailable,
    String kernel,
    String liburing,
    Set<String> features,
    Set<String> opcodes,
    Set<String> registerOpcodes,
    Set<String> setupFlags,
    boolean carriesVirtualThreads,
    Optional<String> carryingObstacle,
    Optional<String> reason,
    Optional<String> remedy) {

  /** Creates a record with immutable copies of the sets. */
  public Availability {
    features = Set.copyOf(features);
    opcodes = Set.copyOf(opcodes);
    registerOpcodes = Set.copyOf(registerOpcodes);
    setupFlags = Set.copyOf(setupFlags);
  }
}
