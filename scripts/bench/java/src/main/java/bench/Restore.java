package bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Fills a key-value store with one row per input record, stops, and times the start until the engine says
 * that it runs: with the state wiped, and with it kept. Then new values go in for some keys; what comes
 * out are the values that were restored.
 */
final class Restore {
  private static final int PROBES = 10_000;
  /** The workload tells every thousandth record what was in the store before it. */
  private static final int TOLD = 1000;
  private static final int START_S = 180;

  private final Job job;
  private final String app;
  private final String in;
  private final String out;
  private final Gen gen;
  private long told;

  private Restore(Job job) {
    this.job = job;
    app = job.newApp();
    in = "in." + app;
    out = "out." + app;
    gen = new Gen("rows", job.keys());
  }

  static void run(Job job, ObjectNode result) throws Exception { new Restore(job).run(result); }

  private void run(ObjectNode result) throws Exception {
    Cluster.create(in, 1, Map.of());
    Cluster.create(out, 1, Map.of());
    Load.fill(in, gen, job.records());
    try (Engine engine = new Engine(app)) {
      Map<String, String> env = job.environment(app, List.of(in), out, engine.state, 0, job.records());
      engine.start(job, env);
      awaitCommitted(engine, job.records(), job.timeoutS());
      engine.stop();
      told = job.records() / TOLD;
      String wrong = expectOutputs(told);
      engine.wipeState();
      if (wrong == null) wrong = restart(engine, env, "wiped", null, result);
      if (wrong == null) wrong = restart(engine, env, "kept", "wiped", result);
      result.put("wrong", wrong);
    } finally {
      Cluster.cleanUp(app);
    }
  }

  private String restart(Engine engine, Map<String, String> env, String how, String before, ObjectNode result)
      throws Exception {
    // Kafka Streams does not leave its group when it is stopped: a start at once would wait for its session.
    while (!Cluster.admin.describeConsumerGroups(List.of(app)).all().get().get(app).members().isEmpty())
      Thread.sleep(200);
    engine.start(job, env);
    engine.awaitRunning(START_S);
    Engine.Runner runner = engine.runners.get(0);
    ObjectNode found = result.putObject(how);
    found.put("toRunningS", Drain.seconds(runner.runningNs - engine.startNs));
    found.put("cpuS", runner.runningCpu).put("peakMb", engine.peakMb());
    result.put("foreignCores", engine.foreignCores());
    String wrong = probe(engine, how, before);
    engine.stop();
    return wrong;
  }

  /** null when the store held what it should. */
  private String probe(Engine engine, String value, String before) throws Exception {
    long from = job.records() + (before == null ? 0 : PROBES);
    try (var producer = Load.producer(Map.of("linger.ms", "5"))) {
      for (int i = 0; i < PROBES; i++) {
        gen.at(row(i));
        producer.send(new ProducerRecord<>(in, null, Gen.BASE + from + i, gen.key, value.getBytes(StandardCharsets.UTF_8)));
      }
    }
    awaitCommitted(engine, from + PROBES, START_S);
    told += PROBES / TOLD;
    String wrong = expectOutputs(told);
    if (wrong != null) return wrong;
    Map<String, String> old = new HashMap<>();
    Reader.all(out, 1, r -> old.put(Reader.text(r.key()), Reader.text(r.value())));
    for (int i = TOLD - 1; i < PROBES; i += TOLD) {
      gen.at(row(i));
      String expected = before == null ? Reader.text(gen.value) : before, found = old.get(gen.key);
      if (!expected.equals(found)) return gen.key + " was restored as " + found + " instead of " + expected;
    }
    return null;
  }

  /** The probes are spread over all rows. */
  private long row(long probe) { return probe * Math.max(1, job.records() / PROBES) % job.records(); }

  private String expectOutputs(long expected) throws Exception {
    long[] n = {0};
    Reader.all(out, 1, r -> n[0]++);
    return n[0] == expected ? null : n[0] + " outputs instead of " + expected;
  }

  private void awaitCommitted(Engine engine, long offset, int seconds) throws Exception {
    long until = System.nanoTime() + seconds * 1_000_000_000L;
    while (Cluster.committed(app, List.of(in)) < offset) {
      if (!engine.up()) throw new IllegalStateException("the engine ended: see " + engine.log);
      if (System.nanoTime() > until) throw new IllegalStateException("not done after " + seconds + " s: see " + engine.log);
      Thread.sleep(100);
    }
  }
}
