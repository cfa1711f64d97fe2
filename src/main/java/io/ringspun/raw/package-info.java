/**
 * Access to io_uring for experts: what needs knowledge of the kernel's interface, and what Ringspun
 * has no method for.
 *
 * <p>{@link io.ringspun.raw.Raw} is the way to it from a {@link io.ringspun.Ring}. {@link
 * io.ringspun.raw.RawOperation} describes any operation field by field, {@link
 * io.ringspun.raw.TableSlot} is a place in the ring's table for what a chain opens, {@link
 * io.ringspun.raw.KernelOption} a socket option by its numbers. {@link io.ringspun.raw.SetupFlag}
 * and {@link io.ringspun.raw.RingRestriction} are for {@link io.ringspun.RingOptions}.
 */
@NullMarked
package io.ringspun.raw;

import org.jspecify.annotations.NullMarked;
