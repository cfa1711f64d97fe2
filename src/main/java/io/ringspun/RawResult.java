package io.ringspun;

/**
 * What the kernel answered to a {@link RawOperation} that succeeded.
 *
 * @param result what the operation is documented to return, not negative
 * @param flags {@code IORING_CQE_F_} bits
 * @since 0.1
 */
public record RawResult(int result, int flags) {}
