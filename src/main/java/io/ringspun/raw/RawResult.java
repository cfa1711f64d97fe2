package io.ringspun.raw;

/**
 * The kernel's result of a {@link RawOperation} that succeeded.
 *
 * @param result the operation's result, not negative
 * @param flags {@code IORING_CQE_F_} bits
 * @since 0.1
 */
public record RawResult(int result, int flags) {}
