package bench;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.Stores;

/** Kafka Streams: one workload in one process, settings from the environment; see README.md. */
public final class KafkaStreamsRunner {
  @JsonPropertyOrder({"id", "ts", "key", "type", "amount", "note"})
  public static final class Event {
    public long id, ts;
    public String key, type;
    public long amount;
    public String note;
  }

  public static final class Line {
    public long id, ts;
    public String text;
  }

  static final Serde<String> TEXT = Serdes.String();
  static final Serde<Long> LONG = Serdes.Long();
  static final Serde<byte[]> BYTES = Serdes.ByteArray();
  static final Serde<Event> EVENT = json(Event.class);
  static final Produced<String, String> AS_TEXT = Produced.with(TEXT, TEXT);
  static final Produced<String, Event> AS_EVENTS = Produced.with(TEXT, EVENT);

  static long seen, mark, last;

  static <T> Serde<T> json(Class<T> type) {
    ObjectMapper mapper = new ObjectMapper();
    ObjectReader reader = mapper.readerFor(type);
    ObjectWriter writer = mapper.writerFor(type);
    return Serdes.serdeFrom((topic, value) -> {
      try {
        return value == null ? null : writer.writeValueAsBytes(value);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }, (topic, bytes) -> {
      try {
        return bytes == null ? null : reader.readValue(bytes);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    });
  }

  /** Called for each input record, as early as user code sees it. */
  static void seen() {
    long n = ++seen;
    if (n == 1) System.out.println("@FIRST");
    if (n == mark) System.out.println("@MARK");
    if (n == last) System.out.println("@LAST");
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> env = System.getenv();
    mark = Long.parseLong(env.get("BENCH_MARK"));
    last = Long.parseLong(env.get("BENCH_LAST"));
    String workload = env.get("BENCH_WORKLOAD");
    StreamsBuilder builder = new StreamsBuilder();
    build(builder, workload, env.get("BENCH_IN").split(","), env.get("BENCH_OUT"));
    KafkaStreams streams = new KafkaStreams(builder.build(), settings(env, workload));
    CountDownLatch done = new CountDownLatch(1);
    streams.setStateListener((state, before) -> {
      if (state == KafkaStreams.State.RUNNING) System.out.println("@RUNNING");
    });
    streams.setUncaughtExceptionHandler(e -> {
      e.printStackTrace();
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    });
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      streams.close(Duration.ofSeconds(20));
      done.countDown();
    }));
    streams.start();
    done.await();
  }

  private static Properties settings(Map<String, String> env, String workload) {
    Properties p = new Properties();
    p.put("bootstrap.servers", env.get("BENCH_BROKERS"));
    p.put("application.id", env.get("BENCH_APP_ID"));
    p.put("state.dir", env.get("BENCH_STATE_DIR"));
    p.put("num.stream.threads", "1");
    p.put("processing.guarantee", env.get("BENCH_GUARANTEE").equals("eos") ? "exactly_once_v2" : "at_least_once");
    p.put("commit.interval.ms", env.get("BENCH_COMMIT_MS"));
    p.put("consumer.auto.offset.reset", "earliest");
    // Where every change is to come out.
    if (workload.equals("count")) p.put("statestore.cache.max.bytes", "0");
    // KS_SESSION_TIMEOUT_MS is session.timeout.ms, and so on.
    for (var e : env.entrySet())
      if (e.getKey().startsWith("KS_")) p.put(e.getKey().substring(3).toLowerCase().replace('_', '.'), e.getValue());
    return p;
  }

  private static void build(StreamsBuilder builder, String workload, String[] in, String out) {
    switch (workload) {
      case "w1-bytes" -> builder.stream(in[0], Consumed.with(BYTES, BYTES))
          .mapValues(value -> {
            seen();
            return value;
          })
          .to(out, Produced.with(BYTES, BYTES));
      case "w1-json" -> events(builder, in[0])
          .mapValues(event -> {
            seen();
            event.amount += 1;
            return event;
          })
          .to(out, AS_EVENTS);
      case "w2" -> {
        builder.addStateStore(
            Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("kv"), TEXT, LONG).withCachingEnabled());
        events(builder, in[0]).process(Processors.RunningSum::new, "kv").to(out, AS_TEXT);
      }
      case "w3" -> builder.stream(in[0], Consumed.with(TEXT, json(Line.class)))
          .flatMapValues(line -> {
            seen();
            return Arrays.asList(line.text.split(" "));
          })
          .groupBy((key, word) -> word, Grouped.with(TEXT, TEXT))
          .count(Materialized.with(TEXT, LONG))
          .toStream()
          .mapValues(count -> Long.toString(count))
          .to(out, AS_TEXT);
      case "count" -> counted(events(builder, in[0]))
          .groupByKey(Grouped.with(TEXT, EVENT))
          .count(Materialized.with(TEXT, LONG))
          .toStream()
          .mapValues(count -> Long.toString(count))
          .to(out, AS_TEXT);
      case "w4-tumble" -> windows(builder, in[0], out, TimeWindows.ofSizeWithNoGrace(Duration.ofSeconds(10)));
      case "w4-hop" -> windows(builder, in[0], out,
          TimeWindows.ofSizeWithNoGrace(Duration.ofSeconds(1)).advanceBy(Duration.ofMillis(500)));
      case "w4-hop100" -> windows(builder, in[0], out,
          TimeWindows.ofSizeWithNoGrace(Duration.ofSeconds(100)).advanceBy(Duration.ofSeconds(1)));
      case "w5-st" -> {
        KTable<String, Event> table = builder.table(in[1], Consumed.with(TEXT, EVENT), Materialized.with(TEXT, EVENT));
        events(builder, in[0])
            .join(table, (left, right) -> {
              seen();
              left.amount += right.amount;
              return left;
            }, Joined.with(TEXT, EVENT, EVENT))
            .to(out, AS_EVENTS);
      }
      case "w5-ss" -> {
        KStream<String, Event> left = counted(events(builder, in[0])), right = counted(events(builder, in[1]));
        JoinWindows within = JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofSeconds(10));
        left.join(right, (one, other) -> one.id + "," + other.id, within, StreamJoined.with(TEXT, EVENT, EVENT))
            .to(out, AS_TEXT);
      }
      case "w8" -> {
        Duration within = Processors.FirstOfId.WITHIN;
        builder.addStateStore(
            Stores.windowStoreBuilder(Stores.persistentWindowStore("ids", within, within, false), TEXT, LONG));
        events(builder, in[0]).process(Processors.FirstOfId::new, "ids").to(out, AS_EVENTS);
      }
      case "restore" -> {
        builder.addStateStore(
            Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("kv"), BYTES, BYTES).withCachingEnabled());
        builder.stream(in[0], Consumed.with(BYTES, BYTES))
            .process(Processors.Fill::new, "kv")
            .to(out, Produced.with(BYTES, BYTES));
      }
      default -> throw new IllegalArgumentException("workload " + workload);
    }
  }

  private static KStream<String, Event> events(StreamsBuilder builder, String topic) {
    return builder.stream(topic, Consumed.with(TEXT, EVENT));
  }

  private static KStream<String, Event> counted(KStream<String, Event> stream) {
    return stream.peek((key, event) -> seen());
  }

  private static void windows(StreamsBuilder builder, String in, String out, TimeWindows windows) {
    counted(events(builder, in))
        .groupByKey(Grouped.with(TEXT, EVENT))
        .windowedBy(windows)
        .count(Materialized.with(TEXT, LONG))
        .toStream()
        .map((key, count) -> KeyValue.pair(key.key() + "@" + key.window().start(), Long.toString(count)))
        .to(out, AS_TEXT);
  }
}
