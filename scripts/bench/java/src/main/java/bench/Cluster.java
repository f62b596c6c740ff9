package bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;

/** The broker that is measured against: one KRaft node on loopback, started here, or the one that BENCH_BROKERS names. */
final class Cluster {
  static String brokers;
  static Admin admin;
  static Process broker;

  static void start() throws Exception {
    String given = System.getenv("BENCH_BROKERS");
    brokers = given == null ? boot() : given;
    admin = Admin.create(Map.of("bootstrap.servers", brokers));
    admin.describeCluster().nodes().get(30, TimeUnit.SECONDS);
  }

  static void stop() {
    if (admin != null) admin.close(Duration.ofSeconds(2));
    if (broker == null) return;
    broker.destroy();
    try {
      if (!broker.waitFor(15, TimeUnit.SECONDS)) broker.destroyForcibly().waitFor();
    } catch (InterruptedException e) {
      broker.destroyForcibly();
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket s = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) { return s.getLocalPort(); }
  }

  private static String boot() throws Exception {
    Path dir = Bench.data().resolve("broker"), file = dir.resolve("server.properties"), log = dir.resolve("broker.log");
    Files.createDirectories(dir);
    int port = freePort(), controller = freePort();
    Files.writeString(file, properties(dir, port, controller));
    String classes = System.getProperty("java.class.path");
    List<String> java = List.of("java", "-Xmx1g", "-Xms1g", "-XX:+UseSerialGC", "-cp", classes);
    List<String> format = new ArrayList<>(java), serve = new ArrayList<>(java);
    format.addAll(List.of("kafka.tools.StorageTool", "format", "-t", "AAAAAAAAQACAAAAAAAAAAA", "-c", file.toString()));
    serve.addAll(List.of("kafka.Kafka", file.toString()));
    // Children inherit the cores that this process may use.
    if (run(format, log).waitFor() != 0) throw new IOException("the broker's log was not formatted: see " + log);
    broker = run(serve, log);
    for (int i = 0; i < 120 && broker.isAlive(); i++) {
      try (Socket s = new Socket(InetAddress.getLoopbackAddress(), port)) { return "127.0.0.1:" + port; }
      catch (IOException e) { Thread.sleep(250); }
    }
    throw new IOException("the broker did not start: see " + log);
  }

  private static Process run(List<String> command, Path log) throws IOException {
    return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile())).start();
  }

  private static String properties(Path dir, int port, int controller) {
    return """
        process.roles=broker,controller
        node.id=1
        controller.quorum.voters=1@127.0.0.1:%2$d
        listeners=PLAINTEXT://127.0.0.1:%1$d,CONTROLLER://127.0.0.1:%2$d
        advertised.listeners=PLAINTEXT://127.0.0.1:%1$d
        controller.listener.names=CONTROLLER
        listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
        inter.broker.listener.name=PLAINTEXT
        log.dirs=%3$s
        offsets.topic.replication.factor=1
        transaction.state.log.replication.factor=1
        transaction.state.log.min.isr=1
        share.coordinator.state.topic.replication.factor=1
        share.coordinator.state.topic.min.isr=1
        group.initial.rebalance.delay.ms=0
        num.network.threads=2
        num.io.threads=4
        offsets.topic.num.partitions=4
        transaction.state.log.num.partitions=4
        log.retention.check.interval.ms=86400000
        auto.create.topics.enable=false
        """.formatted(port, controller, dir.resolve("log"));
  }

  static List<TopicPartition> partitions(Collection<String> topics, int each) {
    List<TopicPartition> all = new ArrayList<>();
    for (String topic : topics) for (int i = 0; i < each; i++) all.add(new TopicPartition(topic, i));
    return all;
  }

  /** The sum of the end offsets that a read_committed reader sees. */
  static long ends(Collection<TopicPartition> of) throws Exception {
    Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
    for (TopicPartition one : of) latest.put(one, OffsetSpec.latest());
    var found = admin.listOffsets(latest, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED)).all().get();
    return found.values().stream().mapToLong(x -> x.offset()).sum();
  }

  /** The sum of the offsets that a group has committed in these topics. */
  static long committed(String group, Collection<String> topics) throws Exception {
    long sum = 0;
    for (var e : admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().entrySet())
      if (e.getValue() != null && topics.contains(e.getKey().topic())) sum += e.getValue().offset();
    return sum;
  }

  static boolean exists(String topic) throws Exception { return admin.listTopics().names().get().contains(topic); }

  static void create(String topic, int partitions, Map<String, String> configs) throws Exception {
    Map<String, String> all = new HashMap<>(configs);
    all.put("retention.ms", "-1");
    admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1).configs(all))).all().get();
    // The broker answers before each of its partitions has a leader.
    for (int i = 0; ; i++)
      try {
        ends(partitions(List.of(topic), partitions));
        return;
      } catch (ExecutionException e) {
        if (i == 100) throw e;
        Thread.sleep(50);
      }
  }

  static void delete(String topic) throws Exception {
    admin.deleteTopics(List.of(topic)).all().get();
    while (exists(topic)) Thread.sleep(100);
  }

  /** Topics of a run have its name within theirs. */
  static void cleanUp(String app) throws Exception {
    List<String> mine = admin.listTopics().names().get().stream().filter(t -> t.contains(app)).toList();
    admin.deleteTopics(mine).all().get();
    try {
      admin.deleteConsumerGroups(List.of(app)).all().get();
    } catch (ExecutionException e) {
      // It had none, or the last member is not out of it yet: nobody will ask for it again.
    }
  }
}
