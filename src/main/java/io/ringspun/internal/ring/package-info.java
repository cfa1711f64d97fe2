/**
 * The machinery of a ring: the loop that submits, waits and reaps on a thread of its own, the table
 * of operations in flight, the virtual threads that the loop carries, and the way in for all other
 * threads. {@link io.ringspun.internal.ring.Engine} is the door.
 */
package io.ringspun.internal.ring;
