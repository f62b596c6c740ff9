package bench;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What the output topic of a workload must hold, from the generator alone. */
final class Oracle {
  private static final Map<String, Oracle> known = new HashMap<>();

  /** The last value of each key, where outputs are changes of a table; else null. */
  private final Map<String, Long> finals;
  /** Else how many records there are, and a hash of them all in which order does not matter. */
  private long count, hash;
  /** How many there were in the topic that was checked last. */
  long outputs;

  private Oracle(Map<String, Long> finals) { this.finals = finals; }

  static Oracle of(Job job) {
    String name = job.workload() + "/" + job.records() + "/" + job.keys();
    // The largest take hundreds of megabytes: only those of one workload are kept.
    if (!known.containsKey(name)) known.clear();
    return known.computeIfAbsent(name, x -> build(job.workload(), job.records(), job.keys()));
  }

  private static Oracle build(String workload, long records, int keys) {
    String input = Gen.inputs(workload)[0];
    Gen g = new Gen(input, keys);
    long n = Gen.size(input, records);
    boolean changes = workload.startsWith("w4") || workload.equals("w3");
    Oracle o = new Oracle(changes ? new HashMap<>() : null);
    switch (workload) {
      case "w1-bytes" -> each(g, n, () -> o.add(g.key, g.value));
      case "w1-json" -> each(g, n, () -> o.add(g.key, withAmount(g, g.amount + 1)));
      case "w2" -> {
        Map<String, Long> sums = new HashMap<>();
        each(g, n, () -> o.add(g.key, utf8(Long.toString(sums.merge(g.key, g.amount, Long::sum)))));
      }
      case "w3" -> each(g, n, () -> { for (String word : g.words) o.finals.merge(word, 1L, Long::sum); });
      case "w4-tumble" -> o.windows(g, n, 10_000, 10_000);
      case "w4-hop" -> o.windows(g, n, 1000, 500);
      case "w4-hop100" -> o.windows(g, n, 100_000, 1000);
      case "w5-st" -> {
        Gen table = new Gen("table", keys);
        each(g, n, () -> {
          table.at(Long.parseLong(g.key.substring(1)));
          o.add(g.key, withAmount(g, g.amount + table.amount));
        });
      }
      case "w5-ss" -> o.pairs(g, new Gen("right", keys), n);
      case "w8" -> {
        BitSet seen = new BitSet((int) n);
        each(g, n, () -> {
          if (seen.get((int) g.id)) return;
          seen.set((int) g.id);
          o.add(g.key, g.value);
        });
      }
      default -> throw new IllegalArgumentException("workload " + workload);
    }
    return o;
  }

  private static void each(Gen g, long n, Runnable what) {
    for (long i = 0; i < n; i++) {
      g.at(i);
      what.run();
    }
  }

  private void windows(Gen g, long n, long size, long advance) {
    each(g, n, () -> {
      long first = Math.max(0, g.ts - size + advance) / advance * advance;
      for (long start = first; start <= g.ts; start += advance) finals.merge(g.key + "@" + start, 1L, Long::sum);
    });
  }

  private void pairs(Gen left, Gen right, long n) {
    Map<String, List<long[]>> rights = new HashMap<>();
    each(right, n, () -> rights.computeIfAbsent(right.key, x -> new ArrayList<>()).add(new long[] {right.ts, right.id}));
    each(left, n, () -> {
      for (long[] other : rights.getOrDefault(left.key, List.of()))
        if (Math.abs(other[0] - left.ts) <= 10_000) add(left.key, utf8(left.id + "," + other[1]));
    });
  }

  private static byte[] withAmount(Gen g, long amount) {
    String json = new String(g.value, StandardCharsets.ISO_8859_1);
    return utf8(json.replace("\"amount\":" + g.amount + ",", "\"amount\":" + amount + ","));
  }

  private void add(String key, byte[] value) {
    count++;
    hash += pair(utf8(key), value);
  }

  private static byte[] utf8(String s) { return s.getBytes(StandardCharsets.UTF_8); }

  private static long pair(byte[] key, byte[] value) { return Gen.mix(fnv(key) + 31 * Gen.mix(fnv(value))); }

  private static long fnv(byte[] b) {
    if (b == null) return 7;
    long h = 0xcbf29ce484222325L;
    for (byte x : b) h = (h ^ (x & 255)) * 0x100000001b3L;
    return h;
  }

  /** null when the output topic is right, else what is wrong with it. */
  String check(String topic, int partitions) {
    outputs = 0;
    return finals == null ? checkRecords(topic, partitions) : checkFinals(topic, partitions);
  }

  private String checkRecords(String topic, int partitions) {
    long[] found = {0};
    Reader.all(topic, partitions, r -> {
      outputs++;
      found[0] += pair(r.key(), r.value());
    });
    if (outputs != count) return outputs + " outputs instead of " + count;
    return found[0] == hash ? null : "the outputs are not those that they should be";
  }

  private String checkFinals(String topic, int partitions) {
    Map<String, Long> found = new HashMap<>(finals.size() * 2);
    Reader.all(topic, partitions, r -> {
      outputs++;
      found.put(Reader.text(r.key()), r.value() == null ? null : Long.valueOf(Reader.text(r.value())));
    });
    if (found.equals(finals)) return null;
    var wrong = finals.entrySet().stream().filter(e -> !e.getValue().equals(found.get(e.getKey()))).toList();
    if (wrong.isEmpty()) return (found.size() - finals.size()) + " keys that should not be there";
    var one = wrong.get(0);
    return "%d of %d keys are wrong: %s is %d instead of %d".formatted(
        wrong.size(), finals.size(), one.getKey(), found.get(one.getKey()), one.getValue());
  }
}
