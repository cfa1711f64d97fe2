package io.ringspun.benchmarks;

import static java.nio.file.StandardOpenOption.READ;

import io.ringspun.Ring;
import io.ringspun.file.RingFileChannel;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.StoredFields;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.store.Directory;
import org.jspecify.annotations.Nullable;

/** Looks up documents of a Lucene index by a random number each, and fetches their texts. */
final class LuceneLookups extends Arm {
  static final int CACHED_OPERATIONS = 65_536;
  static final int DIRECT_OPERATIONS = 16_384;

  private final Crew crew;
  private final Directory directory;
  private final DirectoryReader reader;
  private final @Nullable Rings rings;

  private LuceneLookups(
      ThreadFactory factory, int threads, LuceneIndex.Opener opener, @Nullable Rings rings)
      throws IOException {
    crew = new Crew(factory, threads);
    directory = LuceneIndex.read(LuceneIndex.make(), opener);
    reader = DirectoryReader.open(directory);
    this.rings = rings;
  }

  static Arm open(String arm, int threads, boolean direct) throws IOException {
    Set<OpenOption> options = direct ? Set.of(READ, BenchmarkFile.channelDirect()) : Set.of(READ);
    ThreadFactory onDefault = Thread.ofVirtual().factory();
    ThreadFactory platform = Thread.ofPlatform().factory();
    LuceneIndex.Opener onChannel = path -> FileChannel.open(path, options);
    return switch (arm) {
      case "fileChannel" -> new LuceneLookups(onDefault, threads, onChannel, null);
      case "fileChannelPlatform" -> new LuceneLookups(platform, threads, onChannel, null);
      case "ringDefault" -> onRing(Rings.one(), onDefault, threads, options);
      case "ringPlatform" -> onRing(Rings.one(), platform, threads, options);
      case "ringCarried" -> {
        Rings rings = direct ? Rings.one() : Rings.onePerProcessor();
        yield onRing(rings, rings.carried(), threads, options);
      }
      default -> throw Workload.unknown(arm);
    };
  }

  private static Arm onRing(
      Rings rings, ThreadFactory factory, int threads, Set<OpenOption> options) throws IOException {
    Ring home = rings.first();
    LuceneIndex.Opener opener = (Path path) -> RingFileChannel.open(home, path, options);
    return new LuceneLookups(factory, threads, opener, rings);
  }

  @Override
  void run(int operations) throws Exception {
    if (rings != null) {
      rings.count();
    }
    crew.run(operations, this::lookUp);
    if (rings != null) {
      rings.requireDone(operations, Rings.Way.EITHER);
    }
  }

  private void lookUp(int member, int operations) throws IOException {
    StoredFields fields = reader.storedFields();
    long random = BenchmarkFile.seed(member);
    for (int i = 0; i < operations; i++) {
      random = BenchmarkFile.random(random);
      int id = (int) (random >>> 16 & (LuceneIndex.DOCUMENTS - 1));
      PostingsEnum postings =
          reader.leaves().getFirst().reader().postings(new Term("id", "" + id), PostingsEnum.NONE);
      if (postings == null || postings.nextDoc() == DocIdSetIterator.NO_MORE_DOCS) {
        throw new IllegalStateException("there is no document " + id);
      }
      byte[] text = fields.document(postings.docID()).getBinaryValue("text").bytes;
      if (!Arrays.equals(text, LuceneIndex.text(id))) {
        throw new IllegalStateException("document " + id + " has another text");
      }
    }
  }

  @Override
  public void close() throws IOException {
    reader.close();
    directory.close();
    if (rings != null) {
      rings.close();
    }
  }
}
