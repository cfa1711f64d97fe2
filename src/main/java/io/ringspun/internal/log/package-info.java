/** Where the library's messages go. */
@NullMarked
package io.ringspun.internal.log;

import org.jspecify.annotations.NullMarked;
