package demo;

/** A row of the table. */
sealed interface Row {
  Work work();

  /**
   * A row with figures.
   *
   * @param isPartial whether complete work would have taken too long
   */
  record Measured(Work work, boolean isPartial, Score ringspun, Score fileChannel) implements Row {}

  /** A row for which there is no way here. */
  record Refused(Work work, String reason) implements Row {}
}
