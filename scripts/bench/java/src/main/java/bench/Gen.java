package bench;

import java.nio.charset.StandardCharsets;

/** The inputs: record n of a data set depends on (data set, n) alone, so that the oracle can make it again. */
final class Gen {
  /** Event time of record 0: in the past on every machine. */
  static final long BASE = 1_700_000_000_000L;
  static final int TABLE_KEYS = 100_000;
  private static final long SEED = 42;
  private static final int WORDS_PER_LINE = 5;
  private static final int WORDS = 10_000;
  private static final String[] TYPES = {"view", "click", "purchase", "refund"};

  private final String dataSet;
  private final int keys;
  private final int keyWidth;
  private final StringBuilder text = new StringBuilder(256);

  // Fields of the current record.
  String key;
  byte[] value;
  long ts, id, amount;
  String[] words;

  /** `keys`: how many different ones `events` and `bytes` have; the other data sets have a number of their own. */
  Gen(String dataSet, int keys) {
    this.dataSet = dataSet;
    this.keys = keys;
    keyWidth = Math.max(5, Integer.toString(keys - 1).length());
  }

  static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  private long hash(long n, int salt) {
    return mix(SEED * 0x9E3779B97F4A7C15L + mix((n + 1) * 0x9E3779B97F4A7C15L + salt * 0xD1B54A32D192ED03L));
  }

  private int below(long n, int salt, int bound) { return (int) ((hash(n, salt) >>> 1) % bound); }

  static String padded(String prefix, long v, int width) {
    String digits = Long.toString(v);
    return prefix + "0".repeat(Math.max(0, width - digits.length())) + digits;
  }

  /** Makes record n current. */
  void at(long n) {
    id = n;
    ts = BASE + n / 10;
    switch (dataSet) {
      case "bytes" -> bytes(n);
      case "words" -> line(n);
      case "events" -> event(padded("k", below(n, 1, keys), keyWidth), 2);
      case "events100k" -> event(padded("k", below(n, 1, TABLE_KEYS), 6), 2);
      case "left", "right" -> {
        ts = BASE + n / 5;
        event(padded("k", below(n, dataSet.equals("left") ? 3 : 4, TABLE_KEYS), 6), 2);
      }
      case "table" -> {
        ts = BASE - 3_600_000 + n / 100;
        event(padded("k", n, 6), 5);
      }
      case "rows" -> event(padded("k", n, 7), 5);
      case "dedup" -> {
        id = original(n);
        event(Long.toString(id), 2);
      }
      default -> throw new IllegalArgumentException("data set " + dataSet);
    }
  }

  /** About every tenth record repeats the id of one of the 10,000 before it. */
  private long original(long n) {
    if (!isRepeat(n)) return n;
    long m = n - 1 - below(n, 22, (int) Math.min(n - 1, 10_000));
    while (isRepeat(m)) m--;
    return m;
  }

  private boolean isRepeat(long n) { return n > 100 && below(n, 21, 10) == 0; }

  private void bytes(long n) {
    key = padded("k", below(n, 1, keys), keyWidth);
    value = new byte[100];
    long r = 0;
    for (int i = 0; i < 100; i++) {
      r = i % 8 == 0 ? hash(n, 100 + i) : r >>> 8;
      value[i] = (byte) r;
    }
  }

  private void line(long n) {
    key = padded("l", n % 1000, 3);
    words = new String[WORDS_PER_LINE];
    for (int i = 0; i < WORDS_PER_LINE; i++) words[i] = padded("word", below(n, 30 + i, WORDS), 5);
    text.setLength(0);
    text.append("{\"id\":").append(n).append(",\"ts\":").append(ts).append(",\"text\":\"");
    finish(String.join(" ", words));
  }

  /** JSON of about 105 bytes. */
  private void event(String of, int salt) {
    key = of;
    amount = below(id, salt, 100_000);
    text.setLength(0);
    text.append("{\"id\":").append(id).append(",\"ts\":").append(ts).append(",\"key\":\"").append(key)
        .append("\",\"type\":\"").append(TYPES[below(id, 7, 4)]).append("\",\"amount\":").append(amount)
        .append(",\"note\":\"");
    finish(letters(16));
  }

  private String letters(int count) {
    StringBuilder b = new StringBuilder(count);
    long r = hash(id, 9);
    for (int i = 0; i < count; i++, r >>>= 5) {
      if (i > 0 && i % 12 == 0) r = hash(id, 1009 + i);
      b.append((char) ('a' + (int) ((r & 31) % 26)));
    }
    return b.toString();
  }

  private void finish(String last) { value = text.append(last).append("\"}").toString().getBytes(StandardCharsets.ISO_8859_1); }

  /** Data sets of a workload, in the order in which a runner gets their topics. */
  static String[] inputs(String workload) {
    return switch (workload) {
      case "w1-bytes" -> new String[] {"bytes"};
      case "w1-json", "w2", "w4-hop", "w4-hop100", "w4-tumble", "count" -> new String[] {"events"};
      case "w3" -> new String[] {"words"};
      case "w5-st" -> new String[] {"events100k", "table"};
      case "w5-ss" -> new String[] {"left", "right"};
      case "w8" -> new String[] {"dedup"};
      case "restore" -> new String[] {"rows"};
      default -> throw new IllegalArgumentException("workload " + workload);
    };
  }

  static long size(String dataSet, long records) {
    return switch (dataSet) {
      case "table" -> TABLE_KEYS;
      case "left", "right" -> records / 2;
      default -> records;
    };
  }
}
