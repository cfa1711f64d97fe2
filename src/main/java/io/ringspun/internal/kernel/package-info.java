/**
 * The only native code: the kernel's constants and structures, the calls into liburing and the C
 * library, and the {@link io.ringspun.internal.kernel.Kernel} interface that hides them. Everything
 * here is checked byte for byte against liburing's own header by a test.
 */
package io.ringspun.internal.kernel;
