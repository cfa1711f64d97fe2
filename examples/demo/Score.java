package demo;

/**
 * The result of one arm in one row.
 *
 * @param perSecond operations per second, the median of the rounds
 * @param cpuMicros CPU time of the whole process for each operation, in microseconds
 */
record Score(double perSecond, double cpuMicros) {}
