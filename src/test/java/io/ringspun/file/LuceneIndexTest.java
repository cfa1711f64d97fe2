package io.ringspun.file;

import static io.ringspun.internal.kernel.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Caller;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.LongRun;
import io.ringspun.testing.Once;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import libraries.LuceneRingDirectory;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.LongPoint;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.StoredField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.CheckIndex;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.FieldDoc;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.MatchAllDocsQuery;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.Sort;
import org.apache.lucene.search.SortField;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSLockFactory;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.store.IndexInput;
import org.apache.lucene.store.NIOFSDirectory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An index of Lucene's on the example's directory: what many threads have written into it is
 * compared with a model, what it has committed outlives the process, and faults of the kernel reach
 * it as exceptions.
 */
@ExtendWith(LeakCheck.class)
@Once
class LuceneIndexTest {
  private static final int THREADS = LongRun.count(16, 32);
  private static final int STEPS = LongRun.count(30, 60);
  private static final int KEYS = 25; // of each thread

  private static final int TOGETHER = 4; // documents of a commit

  @TempDir Path directory;

  // ---- faults --------------------------------------------------------------------------------

  private static LuceneRingDirectory open(Ring ring, Path path) throws IOException {
    return new LuceneRingDirectory(ring, path, FSLockFactory.getDefault(), 0);
  }

  @Test
  void openInput_channelIsOurs() throws Exception {
    FaultKernel kernel = new FaultKernel();
    Files.write(directory.resolve("file"), new byte[] {1, 2, 3});
    try (Ring ring = FaultyRing.open(kernel);
        Directory index = open(ring, directory);
        IndexInput input = index.openInput("file", IOContext.DEFAULT)) {
      assertEquals(0, kernel.submitted(IORING_OP_READ));
      assertEquals(1, input.readByte());
      assertEquals(1, kernel.submitted(IORING_OP_READ));
    }
  }

  /** What a failed read has left in a buffer is not taken for content. */
  @Test
  void read_failedIsReadAgain() throws Exception {
    FaultKernel kernel = new FaultKernel();
    Files.write(directory.resolve("file"), new byte[] {1, 2, 3});
    try (Ring ring = FaultyRing.open(kernel);
        Directory index = open(ring, directory);
        IndexInput input = index.openInput("file", IOContext.DEFAULT)) {
      kernel.add(FaultRule.on(IORING_OP_READ).times(1).fail(Errno.EIO));
      assertThrows(OperationException.class, input::readByte);
      for (byte expected = 1; expected <= 3; expected++) {
        assertEquals(expected, input.readByte());
      }
    }
  }

  /** A commit that the kernel refuses fails, and leaves the one before it. */
  @ParameterizedTest
  @ValueSource(ints = {IORING_OP_FSYNC, IORING_OP_WRITE})
  void commit_failsAsTheKernelDoes(int opcode) throws Exception {
    FaultKernel kernel = new FaultKernel();
    try (Ring ring = FaultyRing.open(kernel);
        Directory index = open(ring, directory)) {
      try (IndexWriter writer = new IndexWriter(index, config())) {
        writer.addDocument(document("a", 1));
        writer.commit();
        assertTrue(kernel.submitted(IORING_OP_FSYNC) >= index.listAll().length);
        writer.addDocument(document("b", 1));
        kernel.add(FaultRule.on(opcode).after(2).times(1).fail(Errno.ENOSPC));
        IOException e = assertThrows(IOException.class, writer::commit);
        assertInstanceOf(OperationException.class, cause(e));
        writer.rollback();
      }
      try (DirectoryReader reader = DirectoryReader.open(index)) {
        assertEquals(Map.of("a", 1L), contents(reader));
      }
      requireClean(index);
    }
  }

  private static Throwable cause(Throwable thrown) {
    return thrown.getCause() == null ? thrown : cause(thrown.getCause());
  }

  // ---- an index ------------------------------------------------------------------------------

  /** Small segments, and many of them. */
  private static IndexWriterConfig config() {
    return new IndexWriterConfig().setMaxBufferedDocs(20);
  }

  private static Document document(String id, long number) {
    Document document = new Document();
    document.add(new StringField("id", id, Field.Store.YES));
    document.add(new NumericDocValuesField("number", number));
    document.add(new LongPoint("number", number));
    document.add(new StoredField("text", text(id, number)));
    return document;
  }

  private static String text(String id, long number) {
    return "%s is %d ".formatted(id, number).repeat((int) (number % 100));
  }

  private static void requireClean(Directory index) throws IOException {
    try (CheckIndex check = new CheckIndex(index)) {
      assertTrue(check.checkIndex().clean);
    }
  }

  /** Returns the number of each document, having compared all that is known of it. */
  private static Map<String, Long> contents(DirectoryReader reader) throws IOException {
    Map<String, Long> contents = new TreeMap<>();
    IndexSearcher searcher = new IndexSearcher(reader);
    Sort byNumber = new Sort(new SortField("number", SortField.Type.LONG));
    for (ScoreDoc hit :
        searcher.search(new MatchAllDocsQuery(), Integer.MAX_VALUE, byNumber).scoreDocs) {
      Document document = searcher.storedFields().document(hit.doc);
      String id = document.get("id");
      long number = (Long) ((FieldDoc) hit).fields[0];
      assertEquals(text(id, number), document.get("text"));
      assertNull(contents.put(id, number), id);
    }
    return contents;
  }

  @ParameterizedTest
  @EachCaller
  void index_agreesWithAModelOfManyThreads(Caller caller) throws Exception {
    Map<String, Long> model = new TreeMap<>();
    try (Ring ring = Ring.open()) {
      try (Directory index = caller.call(ring, () -> open(ring, directory));
          IndexWriter writer = caller.call(ring, () -> new IndexWriter(index, config()))) {
        for (Map<String, Long> part : inParallel(caller, ring, i -> write(writer, index, i))) {
          model.putAll(part);
        }
        caller.run(ring, () -> writer.forceMerge(3));
        caller.run(ring, writer::close);
      }
      assertTrue(ring.metrics().inlineHits() > 1000, ring.metrics().toString());
      assertTrue(ring.metrics().submitted() > 100, ring.metrics().toString());
      try (Directory index = caller.call(ring, () -> open(ring, directory));
          DirectoryReader reader = caller.call(ring, () -> DirectoryReader.open(index))) {
        assertEquals(model, caller.call(ring, () -> contents(reader)));
        inParallel(caller, ring, i -> search(reader, model, i));
        caller.run(ring, () -> requireClean(index));
      }
    }
    try (Directory index = new NIOFSDirectory(directory);
        DirectoryReader reader = DirectoryReader.open(index)) {
      assertEquals(model, contents(reader), "Lucene's own directory finds something else");
    }
  }

  /** What each of many threads does. */
  private interface Part<T> {
    T run(int number) throws Exception;
  }

  private static <T> List<T> inParallel(Caller caller, Ring ring, Part<T> part) throws Exception {
    List<Caller.Begun<T>> begun = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      int number = i;
      begun.add(caller.begin(ring, () -> part.run(number)));
    }
    List<T> results = new ArrayList<>();
    for (Caller.Begun<T> one : begun) {
      results.add(one.result());
    }
    return results;
  }

  /** Puts, replaces and deletes documents of this thread's own, and returns those that are left. */
  private static Map<String, Long> write(IndexWriter writer, Directory index, int thread)
      throws IOException {
    Random random = new Random(thread);
    Map<String, Long> model = new TreeMap<>();
    for (int step = 1; step <= STEPS; step++) {
      String id = thread + "-" + random.nextInt(KEYS);
      Term term = new Term("id", id);
      if (random.nextInt(4) == 0) {
        writer.deleteDocuments(term);
        model.remove(id);
      } else {
        long number = random.nextInt(1_000);
        writer.updateDocument(term, document(id, number));
        model.put(id, number);
      }
      if (step % (STEPS / 3) == 0) {
        writer.commit();
        try (DirectoryReader reader = DirectoryReader.open(index)) {
          Map<String, Long> committed = contents(reader);
          committed.keySet().removeIf(other -> !other.startsWith(thread + "-"));
          assertEquals(model, committed);
        }
      }
    }
    return model;
  }

  /** Asks an index that all threads share for single documents and for ranges. */
  private static Void search(DirectoryReader reader, Map<String, Long> model, int thread)
      throws IOException {
    Random random = new Random(thread);
    IndexSearcher searcher = new IndexSearcher(reader);
    for (int i = 0; i < STEPS; i++) {
      String id = random.nextInt(THREADS) + "-" + random.nextInt(KEYS);
      ScoreDoc[] hits = searcher.search(new TermQuery(new Term("id", id)), 2).scoreDocs;
      assertEquals(model.containsKey(id) ? 1 : 0, hits.length, id);
      for (ScoreDoc hit : hits) {
        assertEquals(
            text(id, model.get(id)), searcher.storedFields().document(hit.doc).get("text"));
      }
      long low = random.nextInt(1_000);
      long high = low + random.nextInt(200);
      assertEquals(
          model.values().stream().filter(number -> low <= number && number <= high).count(),
          searcher.count(LongPoint.newRangeQuery("number", low, high)));
    }
    return null;
  }

  // ---- other processes -----------------------------------------------------------------------

  /** Commits documents and says so, until it is killed. */
  static final class Committer {
    public static void main(String[] arguments) throws Exception {
      Path directory = Path.of(arguments[0]);
      int first = Integer.parseInt(arguments[1]);
      Caller caller = Caller.valueOf(arguments[2]);
      try (Ring ring = Ring.open()) {
        caller.run(ring, () -> commit(ring, directory, first));
      }
    }

    private static void commit(Ring ring, Path directory, int first) throws IOException {
      try (Directory index = open(ring, directory);
          IndexWriter writer = new IndexWriter(index, config())) {
        for (int n = first; ; n++) {
          for (int i = 0; i < TOGETHER; i++) {
            writer.addDocument(document(n + "-" + i, n));
          }
          writer.commit();
          System.out.println(n);
        }
      }
    }
  }

  /** What a killed process has said to be committed is there, and commits are there as a whole. */
  @Test
  void crash_losesNothingCommitted() throws Exception {
    Random random = new Random(7);
    int there = 0; // commits 1 to this
    Caller[] usual = {Caller.PLATFORM, Caller.CARRIED};
    for (Caller caller : LongRun.isOn() ? Caller.values() : usual) {
      int acknowledged = killAfter(there + 1, 1 + random.nextInt(60), caller);
      try (Directory index = new LuceneRingDirectory(directory);
          DirectoryReader reader = DirectoryReader.open(index)) {
        int count = reader.numDocs() / TOGETHER;
        assertTrue(
            count == acknowledged || count == acknowledged + 1, // the last was not printed any more
            "%s: %d commits were made, %d are there".formatted(caller, acknowledged, count));
        Map<String, Long> expected = new TreeMap<>();
        for (long n = 1; n <= count; n++) {
          for (int i = 0; i < TOGETHER; i++) {
            expected.put(n + "-" + i, n);
          }
        }
        assertEquals(expected, contents(reader));
        requireClean(index);
        there = count;
      }
    }
  }

  /** Has a process make commits, kills it after some, and returns the last it has printed. */
  private int killAfter(int first, int commits, Caller caller) throws IOException {
    ChildJvm jvm = new ChildJvm().withFlagsOfThisOne();
    String[] arguments = {directory.toString(), "" + first, caller.name()};
    int last = first - 1;
    for (String line : jvm.killAfter(commits, Committer.class, arguments)) {
      last++;
      assertEquals(last, Integer.parseInt(line));
    }
    return last;
  }
}
