package bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.TopicPartition;

/** Drain test: the input is there, the engine starts, and works through it to the end. */
final class Drain {
  /** The output must have been still for so long, with the whole input committed. */
  private static final long QUIET_NS = TimeUnit.MILLISECONDS.toNanos(2500);
  private static final long LAG_EVERY_NS = TimeUnit.MILLISECONDS.toNanos(200);

  private final Job job;
  private final String app;
  private final String out;
  private long firstOutNs, lastOutNs;
  private boolean timedOut;

  private Drain(Job job) {
    this.job = job;
    app = job.newApp();
    out = "out." + app;
  }

  static void run(Job job, ObjectNode result) throws Exception { new Drain(job).run(result); }

  private void run(ObjectNode result) throws Exception {
    List<String> in = Load.inputs(job);
    Cluster.create(out, job.partitions(), Map.of());
    // Of a join with a table the stream's side alone is counted.
    long driving = job.workload().equals("w5-ss") ? job.records() / 2 * 2 : job.records();
    long mark = driving / 4 / job.processes();
    try (Engine engine = new Engine(app)) {
      engine.start(job, job.environment(app, in, out, engine.state, mark, driving));
      String wrong = drain(engine, in);
      result.put("timedOut", timedOut).put("foreignCores", engine.foreignCores());
      engine.stop();
      Oracle oracle = Oracle.of(job);
      if (wrong == null) wrong = oracle.check(out, job.partitions());
      result.put("wrong", wrong).put("outputs", oracle.outputs);
      if (wrong == null) figures(engine, driving, driving - mark * job.processes(), result);
    } finally {
      Cluster.cleanUp(app);
    }
  }

  /** null when the engine has come to the end. */
  private String drain(Engine engine, List<String> in) throws Exception {
    List<TopicPartition> outs = Cluster.partitions(List.of(out), job.partitions());
    long inEnd = Cluster.ends(Cluster.partitions(in, job.partitions()));
    long until = engine.startNs + TimeUnit.SECONDS.toNanos(job.timeoutS());
    long outEnd = 0, changedNs = engine.startNs, nextLagNs = 0;
    boolean committed = false;
    while (true) {
      Thread.sleep(firstOutNs == 0 ? 15 : 40);
      long now = System.nanoTime(), end = Cluster.ends(outs);
      if (end != outEnd) {
        outEnd = end;
        if (firstOutNs == 0) firstOutNs = now;
        lastOutNs = changedNs = now;
        for (Engine.Runner r : engine.runners) r.cpuAtOutput = r.cpu();
      }
      if (!engine.up()) return "a process ended early: see " + engine.log;
      timedOut = now > until;
      if (timedOut) return "not done after " + job.timeoutS() + " s: see " + engine.log;
      if (!committed && now > nextLagNs) {
        nextLagNs = now + LAG_EVERY_NS;
        committed = Cluster.committed(app, in) >= inEnd;
        if (committed) changedNs = now;
      }
      if (committed && lastOutNs != 0 && now - changedNs > QUIET_NS) return null;
    }
  }

  private void figures(Engine engine, long driving, long steady, ObjectNode result) {
    double cpu = engine.runners.stream().mapToDouble(r -> r.cpuAtOutput).sum();
    long firstNs = engine.runners.stream().mapToLong(r -> r.firstNs).filter(x -> x != 0).min().orElse(firstOutNs);
    result.put("cpuSPerM", cpu / driving * 1e6);
    result.put("recordsPerS", driving / seconds(lastOutNs - firstNs));
    result.put("peakMb", engine.peakMb());
    result.put("firstOutputS", seconds(firstOutNs - engine.startNs));
    // Each process counts to its share of the first quarter; one that took less has no steady part.
    if (engine.runners.stream().anyMatch(r -> r.markNs == 0)) return;
    double before = engine.runners.stream().mapToDouble(r -> r.markCpu).sum();
    double markNs = engine.runners.stream().mapToDouble(r -> r.markNs - engine.startNs).average().orElseThrow();
    result.put("steadyCpuSPerM", (cpu - before) / steady * 1e6);
    result.put("steadyRecordsPerS", steady / ((lastOutNs - engine.startNs - markNs) / 1e9));
  }

  static double seconds(long ns) { return ns / 1e9; }
}
