package io.ringspun.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.ArgumentsProvider;
import org.junit.jupiter.params.provider.ArgumentsSource;
import org.junit.jupiter.params.support.AnnotationConsumer;
import org.junit.jupiter.params.support.ParameterDeclarations;

/** Runs a parameterized test on each kind of thread {@linkplain Caller#inThisRun of the run}. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@ArgumentsSource(EachCaller.Provider.class)
public @interface EachCaller {
  /** The kinds of threads that the test is for. */
  Caller[] value() default {Caller.PLATFORM, Caller.VIRTUAL, Caller.CARRIED};

  /** Provides the kinds of threads. */
  final class Provider implements ArgumentsProvider, AnnotationConsumer<EachCaller> {
    private List<Caller> callers;

    @Override
    public void accept(EachCaller annotation) {
      callers = List.of(annotation.value());
    }

    @Override
    public Stream<? extends Arguments> provideArguments(
        ParameterDeclarations parameters, ExtensionContext context) {
      return Caller.inThisRun().stream().filter(callers::contains).map(Arguments::of);
    }
  }
}
