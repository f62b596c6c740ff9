/** `millrace`: the public names. */
export type { KafkaJsClient, TcpOptions } from './cluster.ts'
export { embedded, kafkajs, tcp } from './cluster.ts'
export type { Duration } from './core/duration.ts'
export { duration } from './core/duration.ts'
export type { ErrorAction, ErrorPolicies, ErrorPolicy } from './core/errors.ts'
export {
  ConfigError,
  FatalError,
  RecordError,
  RetriableError,
  StreamsError,
  TaskCorruptedError,
  TaskMigratedError,
} from './core/errors.ts'
export type { HeadersInput, HeaderValue, RecordHeaders } from './core/headers.ts'
export type { Logger, LogLevel } from './core/logger.ts'
export type { DropReason, MetricLabels, Metrics } from './core/metrics.ts'
export type { EndPosition, StartPosition } from './core/position.ts'
export type {
  ExtractContext,
  Live,
  NewRecord,
  RecordContext,
  RecordMetadata,
  Row,
  StreamRecord,
  TimestampType,
} from './core/record.ts'
export type {
  Bytes,
  Deserializer,
  JsonOptions,
  Serde,
  SerdeContext,
  SerdeType,
  Serializer,
  StandardSchema,
} from './core/serde.ts'
export { serdes } from './core/serde.ts'
export type { Lack } from './core/serde-options.ts'
export { Topic, topic } from './core/topic.ts'
export type { Windowed, WindowKind, WindowOptions, Windows } from './core/windows.ts'
export { windows } from './core/windows.ts'
export type { CompleteEmit, UnwindowedEmit, WindowedEmit } from './dsl/emit.ts'
export { GroupedStream } from './dsl/grouped-stream.ts'
export { KStream } from './dsl/k-stream.ts'
export { KTable } from './dsl/k-table.ts'
export type { Partitioner } from './dsl/options.ts'
export type { BuildOptions, StreamOptions, TableOptions } from './dsl/streams-builder.ts'
export { StreamsBuilder } from './dsl/streams-builder.ts'
export { WindowedStream } from './dsl/windowed-stream.ts'
export type { ConnectionOptions, SaslOptions } from './kafka/cluster.ts'
export { Cluster } from './kafka/cluster.ts'
export type { Guarantee, RuntimeOptions, StreamsOptions } from './runtime/options.ts'
export type {
  Progress,
  Status,
  StopOptions,
  StopResult,
  StreamsEvents,
  StreamsState,
  TaskStatus,
} from './runtime/status.ts'
export type { KeyValueQuery, WindowQuery, WindowScans } from './state/queries.ts'
export type {
  DedupStore,
  DuplicatesStore,
  KeyValueStore,
  Queryable,
  StoreOptions,
  WindowStore,
} from './state/stores.ts'
export { StoreHandle, stores } from './state/stores.ts'
export { Streams } from './streams.ts'
export type { DescribedNode, TopologyDescription } from './topology/describe.ts'
export type {
  FixedKeyContext,
  Processor,
  ProcessorContext,
  ProcessorSupplier,
  Punctuator,
  TaskMetadata,
} from './topology/processor.ts'
export type { StreamSource } from './topology/source.ts'
export { Topology, TopologyNode } from './topology/topology.ts'
