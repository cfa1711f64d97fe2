package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.Once;
import org.junit.jupiter.api.Test;

/** What the library leaves behind in a process: no thread, and no class. */
@Once
class UnloadTest {

  @Test
  void threads_haveNothingOfWhoWasFirst_andEndSoThatClassesAreUnloaded() throws Exception {
    String said = new ChildJvm().withFlagsOfThisOne().run(UnloadProgram.class);
    assertEquals(
        """
        an application that has ended is collected while its ring is open
        the threads end after the last ring
        the threads come back with the next ring, and end again
        the library is collected
        """,
        said);
  }
}
