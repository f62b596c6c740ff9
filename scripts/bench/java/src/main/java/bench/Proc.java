package bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** CPU time and peak memory of a process and everything under it, from /proc. */
final class Proc {
  private static final double TICKS_PER_SECOND = 100;

  private final Map<Long, Long> ticks = new HashMap<>();
  private final Map<Long, Long> peakKb = new HashMap<>();

  /** Seconds, user and system; a child that has ended keeps the last value seen. */
  synchronized double cpu(ProcessHandle root) {
    read(root.pid());
    root.descendants().forEach(child -> read(child.pid()));
    return ticks.values().stream().mapToLong(x -> x).sum() / TICKS_PER_SECOND;
  }

  synchronized long peakMb() { return peakKb.values().stream().mapToLong(x -> x).sum() / 1024; }

  private void read(long pid) {
    try {
      ticks.put(pid, ticksOf(pid));
      for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status")))
        if (line.startsWith("VmHWM:")) peakKb.put(pid, Long.parseLong(line.replaceAll("\\D", "")));
    } catch (IOException e) {
      // It has ended.
    }
  }

  private static long ticksOf(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
  }

  /** Busy CPU seconds of the whole machine, but for this driver and its broker. */
  static double others() throws IOException {
    String[] fields = Files.readAllLines(Path.of("/proc/stat")).get(0).trim().split("\\s+");
    long busy = 0;
    for (int i : new int[] {1, 2, 3, 6, 7}) busy += Long.parseLong(fields[i]);
    long ours = ticksOf(ProcessHandle.current().pid());
    if (Cluster.broker != null && Cluster.broker.isAlive()) ours += ticksOf(Cluster.broker.pid());
    return (busy - ours) / TICKS_PER_SECOND;
  }
}
