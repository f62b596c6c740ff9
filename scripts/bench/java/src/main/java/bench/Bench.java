package bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * The driver: jobs come as JSON lines on stdin, each is answered by one JSON line on stdout. It owns the
 * broker and the runners: whatever ends this process (a signal, the end of stdin) stops them first.
 */
public final class Bench {
  static final ObjectMapper JSON = new ObjectMapper();

  static Path data() { return Path.of(System.getenv("BENCH_DATA")).toAbsolutePath(); }

  public static void main(String[] args) throws Exception {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      Engine.stopAll();
      Cluster.stop();
    }));
    Cluster.start();
    ObjectNode ready = JSON.createObjectNode();
    ready.put("brokers", Cluster.brokers).put("java", Runtime.version().toString());
    System.out.println(ready);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = in.readLine()) != null; ) System.out.println(answer(JSON.readValue(line, Job.class)));
    System.exit(0);
  }

  static ObjectNode answer(Job job) {
    ObjectNode result = JSON.createObjectNode();
    result.put("at", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    try {
      switch (job.measure()) {
        case "drain" -> Drain.run(job, result);
        case "latency" -> Latency.run(job, result);
        case "restore" -> Restore.run(job, result);
        default -> throw new IllegalArgumentException("measure " + job.measure());
      }
    } catch (Exception e) {
      result.put("wrong", e.toString());
    }
    return result;
  }
}
