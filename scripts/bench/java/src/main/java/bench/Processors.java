package bench;

import bench.KafkaStreamsRunner.Event;
import java.time.Duration;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.WindowStoreIterator;

/** Workloads of Kafka Streams for which its DSL has no word. */
final class Processors {
  /** w2: a running sum per key, every change forwarded. */
  static final class RunningSum extends ContextualProcessor<String, Event, String, String> {
    private KeyValueStore<String, Long> store;

    @Override public void init(ProcessorContext<String, String> context) {
      super.init(context);
      store = context.getStateStore("kv");
    }

    @Override public void process(Record<String, Event> record) {
      KafkaStreamsRunner.seen();
      Long before = store.get(record.key());
      long sum = (before == null ? 0 : before) + record.value().amount;
      store.put(record.key(), sum);
      context().forward(record.withValue(Long.toString(sum)));
    }
  }

  /** w8: the first record of each id within 10 minutes. */
  static final class FirstOfId extends ContextualProcessor<String, Event, String, Event> {
    static final Duration WITHIN = Duration.ofMinutes(10);
    private WindowStore<String, Long> store;

    @Override public void init(ProcessorContext<String, Event> context) {
      super.init(context);
      store = context.getStateStore("ids");
    }

    @Override public void process(Record<String, Event> record) {
      KafkaStreamsRunner.seen();
      String id = Long.toString(record.value().id);
      long at = record.timestamp();
      try (WindowStoreIterator<Long> found = store.fetch(id, at - WITHIN.toMillis(), at + WITHIN.toMillis())) {
        if (found.hasNext()) return;
      }
      store.put(id, at, at);
      context().forward(record);
    }
  }

  /** restore: keeps each record, and tells of every thousandth what was there before it. */
  static final class Fill extends ContextualProcessor<byte[], byte[], byte[], byte[]> {
    private KeyValueStore<byte[], byte[]> store;
    private long count;

    @Override public void init(ProcessorContext<byte[], byte[]> context) {
      super.init(context);
      store = context.getStateStore("kv");
    }

    @Override public void process(Record<byte[], byte[]> record) {
      KafkaStreamsRunner.seen();
      byte[] before = store.get(record.key());
      store.put(record.key(), record.value());
      if (++count % 1000 == 0) context().forward(before == null ? record : record.withValue(before));
    }
  }
}
