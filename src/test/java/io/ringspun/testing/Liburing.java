package io.ringspun.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Names the programs of liburing's test suite whose behaviour a test checks by way of our API; they
 * are listed in {@code liburing-tests.txt}.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Liburing {
  /** Returns their names, without a suffix. */
  String[] value();
}
