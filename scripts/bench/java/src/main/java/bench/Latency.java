package bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Open-loop latency of `pass` and `count`, in milliseconds. append: LogAppendTime of the output less that of
 * the input, which is what the engine adds before it writes. endToEnd: from the time at which a record was
 * due to be sent until a read_committed consumer has it, so a commit counts, and so does falling behind.
 */
final class Latency {
  private static final long TICK_NS = 1_000_000;
  private static final int TICKS_PER_S = 1000;

  private final Job job;
  private final String app, in, out;
  private final int total, measuredFrom;
  private final boolean counting;
  private final long[] dueNs, receivedNs, outMs, inMs;
  private final byte[][] values;
  private final String[] keys;
  /** Of each key its records: the n-th count of a key answers the n-th of them. */
  private final int[][] ofKey;
  private volatile boolean over;
  private volatile int received;
  private int unexpected;

  private Latency(Job job) {
    this.job = job;
    app = job.newApp();
    in = "in." + app;
    out = "out." + app;
    total = job.rate() * (job.seconds() + job.warmUpS());
    measuredFrom = job.rate() * job.warmUpS();
    counting = job.workload().equals("count");
    dueNs = new long[total];
    receivedNs = new long[total];
    outMs = new long[total];
    inMs = new long[total];
    values = new byte[total][];
    keys = new String[total];
    ofKey = new int[job.keys()][0];
    prepare();
  }

  private void prepare() {
    Gen g = new Gen("events", job.keys());
    for (int i = 0; i < total; i++) {
      g.at(i);
      values[i] = g.value;
      keys[i] = g.key;
      int key = Integer.parseInt(g.key.substring(1));
      ofKey[key] = Arrays.copyOf(ofKey[key], ofKey[key].length + 1);
      ofKey[key][ofKey[key].length - 1] = i;
    }
  }

  static void run(Job job, ObjectNode result) throws Exception { new Latency(job).run(result); }

  private void run(ObjectNode result) throws Exception {
    Map<String, String> stamped = Map.of("message.timestamp.type", "LogAppendTime");
    Cluster.create(in, 1, stamped);
    Cluster.create(out, 1, stamped);
    try (Engine engine = new Engine(app)) {
      Map<String, String> env = job.environment(app, List.of(in), out, engine.state, 0, 0);
      // To pass a record on is to read it and to write it.
      if (!counting) env.put("BENCH_WORKLOAD", "w1-json");
      engine.start(job, env);
      engine.awaitRunning(60);
      Thread reader = new Thread(this::read);
      reader.start();
      double cpu;
      try {
        cpu = send(engine);
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
        while (received < total && System.nanoTime() < until) Thread.sleep(20);
      } finally {
        over = true;
        reader.join();
      }
      result.put("cpuSPerM", cpu / (total - measuredFrom) * 1e6).put("foreignCores", engine.foreignCores());
      result.put("peakMb", engine.peakMb());
      engine.stop();
      Reader.all(in, 1, r -> inMs[id(r.value())] = r.timestamp());
      if (received < total || unexpected > 0)
        result.put("wrong", (total - received) + " records without an answer, " + unexpected + " answers too many");
      else figures(result);
    } finally {
      over = true;
      Cluster.cleanUp(app);
    }
  }

  private static int id(byte[] event) { return Reader.number(event, "{\"id\":".length()); }

  private void read() {
    var of = Cluster.partitions(List.of(out), 1);
    try (var c = Reader.consumer(of, Map.of("fetch.max.wait.ms", "20", "check.crcs", "false"))) {
      while (!over) {
        var records = c.poll(Duration.ofMillis(50));
        long now = System.nanoTime();
        int found = 0;
        for (var r : records) {
          int at = counting ? counted(r.key(), r.value()) : id(r.value());
          if (at < 0 || receivedNs[at] != 0) {
            unexpected++;
            continue;
          }
          receivedNs[at] = now;
          outMs[at] = r.timestamp();
          found++;
        }
        received += found;
      }
    }
  }

  private int counted(byte[] key, byte[] value) {
    int[] records = ofKey[Reader.number(key, 1)];
    int n = Reader.number(value, 0);
    return n > records.length ? -1 : records[n - 1];
  }

  /** One burst a millisecond. Returns the engine's CPU seconds after the warm-up. */
  private double send(Engine engine) throws Exception {
    double before = 0;
    try (var producer = Load.producer(Map.of("linger.ms", "1", "batch.size", "65536"))) {
      producer.partitionsFor(in);
      long start = System.nanoTime() + 100 * TICK_NS;
      int sent = 0;
      for (long tick = 0; sent < total; tick++) {
        long due = start + tick * TICK_NS;
        for (long left; (left = due - System.nanoTime()) > 0; ) LockSupport.parkNanos(Math.max(1000, left - 30_000));
        int upTo = (int) Math.min(total, (tick + 1) * job.rate() / TICKS_PER_S);
        if (sent < measuredFrom && upTo >= measuredFrom) before = engine.cpu();
        for (; sent < upTo; sent++) {
          dueNs[sent] = due;
          producer.send(new ProducerRecord<>(in, null, null, keys[sent], values[sent]));
        }
        if (!engine.up()) throw new IllegalStateException("the engine ended: see " + engine.log);
      }
      producer.flush();
    }
    return engine.cpu() - before;
  }

  private void figures(ObjectNode result) {
    double[] append = new double[total - measuredFrom], endToEnd = new double[append.length];
    for (int i = 0; i < append.length; i++) {
      int at = measuredFrom + i;
      append[i] = outMs[at] - inMs[at];
      endToEnd[i] = (receivedNs[at] - dueNs[at]) / 1e6;
    }
    percentiles(append, result.putObject("appendMs"));
    percentiles(endToEnd, result.putObject("endToEndMs"));
  }

  private static void percentiles(double[] values, ObjectNode into) {
    Arrays.sort(values);
    double[] shares = {0.5, 0.95, 0.99, 0.999, 1};
    String[] names = {"p50", "p95", "p99", "p999", "max"};
    for (int i = 0; i < shares.length; i++)
      into.put(names[i], values[(int) Math.ceil(shares[i] * values.length) - 1]);
  }
}
