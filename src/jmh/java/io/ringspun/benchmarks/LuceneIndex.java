package io.ringspun.benchmarks;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.StoredField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.store.FilterDirectory;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.store.IndexInput;
import org.apache.lucene.store.NIOFSDirectory;

/**
 * An index of documents with a number and a kilobyte of text that does not compress. It is made
 * once and kept.
 */
final class LuceneIndex {
  static final int DOCUMENTS = 1 << 18;

  private static final int TEXT_BYTES = 1000;

  private LuceneIndex() {}

  static Path make() throws IOException {
    Path path = BenchmarkFile.directory().resolve("lucene-" + DOCUMENTS);
    if (!Files.exists(path)) {
      Path unfinished =
          BenchmarkFile.directory().resolve("lucene-" + ProcessHandle.current().pid());
      fill(unfinished);
      Files.move(unfinished, path);
    }
    return path;
  }

  private static void fill(Path path) throws IOException {
    IndexWriterConfig config = new IndexWriterConfig().setUseCompoundFile(false);
    try (NIOFSDirectory directory = new NIOFSDirectory(path);
        IndexWriter writer = new IndexWriter(directory, config)) {
      for (int id = 0; id < DOCUMENTS; id++) {
        Document document = new Document();
        document.add(new StringField("id", "" + id, Field.Store.NO));
        document.add(new StoredField("text", text(id)));
        writer.addDocument(document);
      }
      writer.forceMerge(1);
    }
  }

  /** Returns a document's text: its number first, then what looks random. */
  static byte[] text(int id) {
    byte[] text = new byte[TEXT_BYTES];
    long random = BenchmarkFile.seed(id);
    for (int i = 0; i < TEXT_BYTES; i++) {
      text[i] = (byte) (random >>> 33);
      random = BenchmarkFile.random(random);
    }
    for (int i = 0; i < Integer.BYTES; i++) {
      text[i] = (byte) (id >>> 8 * i);
    }
    return text;
  }

  /** Opens a file of the index. */
  interface Opener {
    FileChannel open(Path path) throws IOException;
  }

  /** Returns the index, read through channels. */
  static FilterDirectory read(Path path, Opener opener) throws IOException {
    return new FilterDirectory(new NIOFSDirectory(path)) {
      @Override
      public IndexInput openInput(String name, IOContext context) throws IOException {
        return new BlockInput(name, opener.open(path.resolve(name)));
      }
    };
  }
}
