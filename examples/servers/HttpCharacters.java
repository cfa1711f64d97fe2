package servers;

import java.util.Arrays;

/** A set of characters below 256. */
final class HttpCharacters {
  /** Letters and digits of ASCII. */
  static final HttpCharacters ALPHANUMERIC =
      ofRange('0', '9').and(ofRange('A', 'Z')).and(ofRange('a', 'z'));

  private final boolean[] members = new boolean[256];

  private HttpCharacters() {}

  static HttpCharacters of(String characters) {
    HttpCharacters set = new HttpCharacters();
    characters.chars().forEach(c -> set.members[c] = true);
    return set;
  }

  /** Returns the characters from one to another, both included. */
  static HttpCharacters ofRange(char first, char last) {
    HttpCharacters set = new HttpCharacters();
    Arrays.fill(set.members, first, last + 1, true);
    return set;
  }

  /** Returns the characters of this set and of another. */
  HttpCharacters and(HttpCharacters other) {
    HttpCharacters set = new HttpCharacters();
    for (int c = 0; c < members.length; c++) {
      set.members[c] = members[c] || other.members[c];
    }
    return set;
  }

  /** Returns whether all characters of a part of a text are in this set. */
  boolean containsAll(String text, int start, int end) {
    for (int i = start; i < end; i++) {
      if (text.charAt(i) >= members.length || !members[text.charAt(i)]) {
        return false;
      }
    }
    return true;
  }

  /** Returns whether a text is not empty and consists of characters of this set. */
  boolean makesUp(String text) {
    return !text.isEmpty() && containsAll(text, 0, text.length());
  }
}
