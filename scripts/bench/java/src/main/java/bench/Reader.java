package bench;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads topics as any read_committed consumer sees them. */
final class Reader {
  static KafkaConsumer<byte[], byte[]> consumer(List<TopicPartition> of, Map<String, String> settings) {
    Map<String, Object> p = new HashMap<>(settings);
    p.put("bootstrap.servers", Cluster.brokers);
    p.put("isolation.level", "read_committed");
    p.put("max.poll.records", "20000");
    KafkaConsumer<byte[], byte[]> c = new KafkaConsumer<>(p, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    c.assign(of);
    c.seekToBeginning(of);
    return c;
  }

  /** Every record that is there now. */
  static void all(String topic, int partitions, Consumer<ConsumerRecord<byte[], byte[]>> each) {
    List<TopicPartition> of = Cluster.partitions(List.of(topic), partitions);
    Map<String, String> large = Map.of("fetch.max.bytes", "52428800", "max.partition.fetch.bytes", "8388608");
    try (var c = consumer(of, large)) {
      Map<TopicPartition, Long> ends = c.endOffsets(of);
      while (of.stream().anyMatch(one -> c.position(one) < ends.get(one))) c.poll(Duration.ofMillis(500)).forEach(each);
    }
  }

  static String text(byte[] bytes) { return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8); }

  /** The digits from there on. */
  static int number(byte[] b, int from) {
    int n = 0;
    for (int i = from; i < b.length && b[i] >= '0' && b[i] <= '9'; i++) n = n * 10 + b[i] - '0';
    return n;
  }
}
