package io.ringspun.internal.ring;

import java.io.IOException;

/** Makes exceptions of types that this package must not know. */
public interface Failures {
  /** The ring was closed before the call. */
  IOException closed(String ring);

  /** The ring's thread failed, before the call or during it. */
  IOException failed(String ring, Throwable cause);

  /** The kernel refused an operation for a reason that its error number alone does not tell. */
  IOException refused(String operation, int errno, String reason);

  /** The call was cancelled on request. */
  IOException cancelled(String ring);

  /** The call's time limit ended it. */
  IOException timedOut(String ring, long timeoutNanos);
}
