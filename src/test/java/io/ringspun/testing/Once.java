package io.ringspun.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;

/**
 * A test, or all tests of a class, that check the same whether or not a ring may carry virtual
 * threads: no ring is used, a platform thread calls it, or carried and other threads have each a
 * case of their own. Only the run with carried threads has them; the handed-over run leaves them
 * out.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Tag("once")
public @interface Once {}
