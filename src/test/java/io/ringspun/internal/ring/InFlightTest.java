package io.ringspun.internal.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.ringspun.testing.Once;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The table that finds the operation of a completion, and never another one. */
@Once
class InFlightTest {
  private static final int LIMIT = 1000;

  private static Operation operation(boolean exempt) {
    Operation operation = Call.single().operation(0);
    operation.exempt = exempt;
    return operation;
  }

  @Test
  void find_untilRemoved() {
    InFlight table = new InFlight(LIMIT);
    Operation operation = operation(false);
    long userData = table.add(operation);
    assertSame(operation, table.find(userData));
    assertEquals(userData, table.userData(operation.slot));
    table.remove(operation);
    assertNull(table.find(userData));
    assertEquals(Operation.NO_SLOT, operation.slot);
  }

  /** A completion that comes late must not find who has the slot now. */
  @Test
  void find_staleUserDataOfReusedSlot() {
    InFlight table = new InFlight(LIMIT);
    Operation first = operation(false);
    long stale = table.add(first);
    int slot = first.slot;
    table.remove(first);
    Operation second = operation(false);
    long userData = table.add(second);
    assertEquals(slot, second.slot, "the slot that was given back last is used first");
    assertNotEquals(stale, userData);
    assertNull(table.find(stale));
    assertSame(second, table.find(userData));
  }

  @Test
  void find_neverGiven() {
    InFlight table = new InFlight(LIMIT);
    table.add(operation(false));
    assertNull(table.find(-1));
    assertNull(table.find(Long.MIN_VALUE));
    assertNull(table.find(Long.MAX_VALUE));
    assertNull(table.find(table.slots()));
  }

  /** Those that may wait for ever leave room for the others. */
  @Test
  void room_isOfThoseThatAreNotExempt() {
    InFlight table = new InFlight(2);
    assertEquals(2, table.room());
    Operation exempt = operation(true);
    table.add(exempt);
    assertEquals(2, table.room());
    Operation counted = operation(false);
    table.add(counted);
    assertEquals(1, table.room());
    assertEquals(1, table.counted());
    assertEquals(2, table.count());
    table.remove(exempt);
    table.remove(counted);
    assertEquals(2, table.room());
    assertEquals(0, table.count());
  }

  /** Compared with a map, over a random history with growth. */
  @Test
  void history_asAMap() {
    Random random = new Random(42);
    InFlight table = new InFlight(LIMIT);
    Map<Long, Operation> expected = new HashMap<>();
    List<Long> gone = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      if (random.nextInt(10) < 5 && table.room() > 0) {
        Operation added = operation(random.nextBoolean());
        assertNull(expected.put(table.add(added), added));
      } else if (!expected.isEmpty()) {
        long userData = expected.keySet().iterator().next();
        table.remove(expected.remove(userData));
        gone.add(userData);
      }
      assertEquals(expected.size(), table.count());
    }
    expected.forEach((userData, operation) -> assertSame(operation, table.find(userData)));
    gone.forEach(userData -> assertNull(table.find(userData)));
  }
}
