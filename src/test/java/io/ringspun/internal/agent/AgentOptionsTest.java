package io.ringspun.internal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringspun.testing.Once;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

@Once
class AgentOptionsTest {
  private final List<String> problems = new ArrayList<>();

  private AgentOptions parse(String text) {
    return AgentOptions.parse(text, problems::add);
  }

  @Test
  void parse_nothing() {
    AgentOptions threads = new AgentOptions(true, false, false, List.of(), 0, false);
    assertEquals(threads, parse(null));
    assertEquals(threads, parse(""));
    assertEquals(List.of(), problems);
  }

  @Test
  void parse_everything() {
    assertEquals(
        new AgentOptions(true, true, true, List.of("com.example", "org.example.a"), 3, true),
        parse("threads,sockets, dns,files=com.example:org.example.a,rings=3,verbose"));
    assertEquals(List.of(), problems);
  }

  @Test
  void parse_threadsAreTheDefaultOnly() {
    assertEquals(new AgentOptions(false, true, false, List.of(), 0, false), parse("sockets"));
    assertEquals(
        new AgentOptions(true, false, false, List.of(), 2, true), parse("rings=2,verbose"));
    assertEquals(List.of(), problems);
  }

  @Test
  void parse_whatMeansNothing() {
    assertEquals(
        new AgentOptions(true, false, false, List.of(), 0, true),
        parse("treads,sockets=yes,files=,rings=0,rings=many,verbose"));
    assertEquals(
        List.of(
            "the option treads is not known",
            "the option sockets=yes is not known",
            "the option files needs packages: files=com.example:org.example",
            "the option rings needs a number from 1 to 256: 0",
            "the option rings needs a number from 1 to 256: many"),
        problems);
  }
}
