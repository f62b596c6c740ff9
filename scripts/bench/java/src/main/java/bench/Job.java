package bench;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One measurement, as it comes on stdin: what, of which engine, on which workload. `command` starts a
 * runner; `env` is added to its environment.
 */
record Job(
    String measure, String engine, List<String> command, Map<String, String> env,
    String workload, String guarantee, long records, int partitions, int keys, int processes, int timeoutS,
    int rate, int seconds, int warmUpS) {

  String commitMs() { return guarantee.equals("eos") ? "100" : "1000"; }

  /** A name of its own for this run: group, application id, and part of the name of every topic it makes. */
  String newApp() {
    String when = Long.toString(System.currentTimeMillis(), 36);
    return String.join("-", measure, engine, workload, guarantee, when);
  }

  /** What a runner reads from its environment; see README.md. */
  Map<String, String> environment(String app, List<String> in, String out, Path state, long mark, long last) {
    Map<String, String> e = new HashMap<>(env);
    e.put("BENCH_BROKERS", Cluster.brokers);
    e.put("BENCH_WORKLOAD", workload);
    e.put("BENCH_GUARANTEE", guarantee);
    e.put("BENCH_COMMIT_MS", commitMs());
    e.put("BENCH_APP_ID", app);
    e.put("BENCH_IN", String.join(",", in));
    e.put("BENCH_OUT", out);
    e.put("BENCH_STATE_DIR", state.toString());
    e.put("BENCH_PARTITIONS", "" + partitions);
    e.put("BENCH_MARK", "" + mark);
    e.put("BENCH_LAST", "" + last);
    return e;
  }
}
