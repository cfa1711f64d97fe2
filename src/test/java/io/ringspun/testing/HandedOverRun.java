package io.ringspun.testing;

import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.ParameterInfo;

/**
 * Leaves out what the run in which rings may not carry virtual threads has in common with the other
 * one. Platform threads and those of the default scheduler take the same path in both; only a
 * thread that asks to be carried takes another. So of a test that is given a {@link Caller} or a
 * {@link RingCase}, only the cases with {@link Caller#CARRIED} are run. Registered for every class.
 */
public final class HandedOverRun implements ExecutionCondition {
  /** Set by the build. A test that is started in another way is run with every case. */
  private static final boolean IS_ON =
      "false".equals(System.getProperty("io.ringspun.test.carried"));

  /** Returns whether this is the run of the build in which rings may not carry threads. */
  static boolean isOn() {
    return IS_ON;
  }

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    ParameterInfo parameters = ParameterInfo.get(context);
    if (!IS_ON || parameters == null) {
      return ConditionEvaluationResult.enabled("not a case of a parameterized test");
    }
    Caller[] callers =
        parameters.getArguments().toList().stream()
            .flatMap(HandedOverRun::callers)
            .toArray(Caller[]::new);
    return callers.length == 0 || Stream.of(callers).anyMatch(Caller.CARRIED::equals)
        ? ConditionEvaluationResult.enabled("differs from the run with carried threads")
        : ConditionEvaluationResult.disabled("the same in the run with carried threads");
  }

  private static Stream<Caller> callers(Object argument) {
    return switch (argument) {
      case Caller caller -> Stream.of(caller);
      case RingCase how -> Stream.of(how.caller());
      case null, default -> Stream.empty();
    };
  }
}
