package io.ringspun.internal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.testing.Once;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

@Once
class FileRedirectsTest {
  /** A call is redirected by its name and type only, so both must be the JDK's. */
  @Test
  void redirects_haveTheTypesOfTheJdk() throws Exception {
    List<Method> redirects =
        Arrays.stream(FileRedirects.class.getMethods())
            .filter(method -> method.getDeclaringClass() == FileRedirects.class)
            .toList();
    assertEquals(22, redirects.size());
    for (Method redirect : redirects) {
      Class<?> owner = redirect.getAnnotation(FileRedirects.Replaces.class).value();
      Method replaced = owner.getMethod(redirect.getName(), redirect.getParameterTypes());
      assertTrue(Modifier.isStatic(replaced.getModifiers()), replaced::toString);
      assertEquals(replaced.getGenericReturnType(), redirect.getGenericReturnType());
      assertEquals(List.of(replaced.getExceptionTypes()), List.of(redirect.getExceptionTypes()));
      assertEquals(replaced.isVarArgs(), redirect.isVarArgs());
    }
  }
}
