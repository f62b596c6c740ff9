package bench;

import java.io.BufferedReader;
import java.io.File;
import java.io.FileWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The engine under test: one runner process, or several that share the work, and what they say of themselves. */
final class Engine implements AutoCloseable {
  private static final Set<Engine> alive = ConcurrentHashMap.newKeySet();

  /** One process. Times are System.nanoTime, 0 as long as it has not been there. */
  static final class Runner {
    final Process process;
    final Proc proc = new Proc();
    volatile long firstNs, markNs, runningNs;
    volatile double markCpu, runningCpu;
    double cpuAtOutput;

    Runner(Process process) { this.process = process; }

    double cpu() { return proc.cpu(process.toHandle()); }

    private void hear(String line, long now) {
      if (line.startsWith("@FIRST") && firstNs == 0) firstNs = now;
      else if (line.startsWith("@MARK") && markNs == 0) {
        markCpu = cpu();
        markNs = now;
      } else if (line.startsWith("@RUNNING") && runningNs == 0) {
        runningCpu = cpu();
        runningNs = now;
      }
    }
  }

  final List<Runner> runners = new ArrayList<>();
  final Path state;
  final File log;
  long startNs;
  private double othersBefore;

  Engine(String app) throws IOException {
    state = Bench.data().resolve("state").resolve(app);
    Path logs = Bench.data().resolve("logs");
    Files.createDirectories(logs);
    log = logs.resolve(app + ".log").toFile();
  }

  void start(Job job, Map<String, String> env) throws IOException {
    alive.add(this);
    runners.clear();
    othersBefore = Proc.others();
    startNs = System.nanoTime();
    for (int i = 0; i < job.processes(); i++) {
      ProcessBuilder b = new ProcessBuilder(job.command()).redirectError(ProcessBuilder.Redirect.appendTo(log));
      b.environment().putAll(env);
      Path own = state.resolve("" + i);
      Files.createDirectories(own);
      b.environment().put("BENCH_STATE_DIR", own.toString());
      Runner runner = new Runner(b.start());
      runners.add(runner);
      listen(runner);
    }
  }

  private void listen(Runner runner) {
    Thread t = new Thread(() -> {
      try (var r = new BufferedReader(new InputStreamReader(runner.process.getInputStream()));
          var w = new PrintWriter(new FileWriter(log, true), true)) {
        for (String line; (line = r.readLine()) != null; ) {
          runner.hear(line, System.nanoTime());
          w.println(line);
        }
      } catch (IOException e) {
        // It was closed.
      }
    });
    t.setDaemon(true);
    t.start();
  }

  boolean up() { return runners.stream().allMatch(r -> r.process.isAlive()); }

  double cpu() { return runners.stream().mapToDouble(Runner::cpu).sum(); }

  boolean running() { return runners.stream().allMatch(r -> r.runningNs != 0); }

  /** Of the largest process. */
  long peakMb() { return runners.stream().mapToLong(r -> r.proc.peakMb()).max().orElse(0); }

  /** Cores in use since the start by neither this engine, nor the broker, nor the driver. */
  double foreignCores() throws IOException {
    double seconds = (System.nanoTime() - startNs) / 1e9;
    return Math.max(0, Proc.others() - othersBefore - cpu()) / seconds;
  }

  void awaitRunning(int seconds) throws Exception {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (!running()) {
      if (!up()) throw new IllegalStateException("the engine ended before it ran: see " + log);
      if (System.nanoTime() > until) throw new IllegalStateException("not running after " + seconds + " s: see " + log);
      Thread.sleep(10);
    }
  }

  /** SIGTERM to every process, SIGKILL to those that are there 25 s later. */
  void stop() throws InterruptedException {
    List<ProcessHandle> all = new ArrayList<>();
    for (Runner r : runners) {
      r.process.descendants().forEach(all::add);
      all.add(r.process.toHandle());
    }
    all.forEach(ProcessHandle::destroy);
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(25);
    while (all.stream().anyMatch(ProcessHandle::isAlive) && System.nanoTime() < until) Thread.sleep(20);
    all.forEach(ProcessHandle::destroyForcibly);
    for (Runner r : runners) r.process.waitFor();
    alive.remove(this);
  }

  void wipeState() throws IOException {
    if (!Files.exists(state)) return;
    try (Stream<Path> files = Files.walk(state)) {
      files.sorted(Comparator.reverseOrder()).forEach(x -> x.toFile().delete());
    }
  }

  @Override public void close() throws Exception {
    stop();
    wipeState();
  }

  static void stopAll() {
    for (Engine engine : alive)
      try {
        engine.stop();
      } catch (InterruptedException e) {
        return;
      }
  }
}
