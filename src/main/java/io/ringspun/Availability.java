package io.ringspun;

import java.util.Optional;
import java.util.Set;

/**
 * Whether rings work here, found out by making one and moving bytes through it, and if not, why.
 *
 * @param isAvailable whether a ring was opened and bytes came back through it
 * @param kernel the kernel's release, such as {@code "6.12.9"}
 * @param liburing where liburing was loaded from, empty if it was not
 * @param features the kernel's {@code IORING_FEAT_} names, without that prefix
 * @param opcodes the operations that the kernel has, {@code IORING_OP_} names without that prefix
 * @param registerOpcodes what can be registered, {@code IORING_REGISTER_} and {@code
 *     IORING_UNREGISTER_} names without {@code IORING_}; empty if the kernel does not tell, as
 *     before Linux 6.18
 * @param setupFlags what rings the kernel can set up, {@code IORING_SETUP_} names without that
 *     prefix; likewise
 * @param carriesVirtualThreads whether rings can carry virtual threads in this process
 * @param reason why rings do not work; empty if they do
 * @param remedy what to do about it; empty if they do
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
    Optional<String> reason,
    Optional<String> remedy) {

  /** Makes a record whose sets cannot be changed. */
  public Availability {
    features = Set.copyOf(features);
    opcodes = Set.copyOf(opcodes);
    registerOpcodes = Set.copyOf(registerOpcodes);
    setupFlags = Set.copyOf(setupFlags);
  }
}
