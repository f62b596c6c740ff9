package bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Fills the input topics. A topic that is already full is left as it is. */
final class Load {
  /** The input topics of a workload, in the order of {@link Gen#inputs}; engines share them. */
  static List<String> inputs(Job job) throws Exception {
    List<String> topics = new ArrayList<>();
    for (String set : Gen.inputs(job.workload())) {
      long n = Gen.size(set, job.records());
      String topic = "bench-in." + set + ".n" + n + ".p" + job.partitions() + ".k" + job.keys();
      topics.add(topic);
      if (Cluster.exists(topic)) {
        if (Cluster.ends(Cluster.partitions(List.of(topic), job.partitions())) == n) continue;
        Cluster.delete(topic);
      }
      Cluster.create(topic, job.partitions(), Map.of());
      fill(topic, new Gen(set, job.keys()), n);
    }
    return topics;
  }

  static void fill(String topic, Gen gen, long records) {
    AtomicReference<Exception> failed = new AtomicReference<>();
    try (Producer<String, byte[]> producer = producer(Map.of("linger.ms", "20", "batch.size", "262144"))) {
      for (long i = 0; i < records && failed.get() == null; i++) {
        gen.at(i);
        producer.send(new ProducerRecord<>(topic, null, gen.ts, gen.key, gen.value), (m, e) -> {
          if (e != null) failed.set(e);
        });
      }
    }
    if (failed.get() != null) throw new IllegalStateException("input was not written", failed.get());
  }

  static Producer<String, byte[]> producer(Map<String, String> settings) {
    Map<String, Object> p = new HashMap<>(settings);
    p.put("bootstrap.servers", Cluster.brokers);
    // In order whatever is sent twice: the answers of some workloads depend on it.
    p.put("enable.idempotence", "true");
    p.put("buffer.memory", "67108864");
    return new KafkaProducer<>(p, new StringSerializer(), new ByteArraySerializer());
  }
}
