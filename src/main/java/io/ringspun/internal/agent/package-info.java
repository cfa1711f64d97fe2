/** The Java agent: it puts a program on rings without a change of its code. */
@NullMarked
package io.ringspun.internal.agent;

import org.jspecify.annotations.NullMarked;
