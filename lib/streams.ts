/**
 * `Streams`: runs a topology. The one object of an application, and the composition root: it picks
 * the machine's clock, randomness, disk, log and sockets for the runtime, and does nothing else.
 */

import { tcp } from './cluster.ts'
import { systemClock } from './core/clock.ts'
import type { Duration } from './core/duration.ts'
import { ConfigError, type StreamsError } from './core/errors.ts'
import { createLogger, type Logger, type LogLevel } from './core/logger.ts'
import type { Metrics } from './core/metrics.ts'
import { systemRandom } from './core/random.ts'
import type { Cluster } from './kafka/cluster.ts'
import { prometheusText } from './observe/prometheus.ts'
import { App } from './runtime/app.ts'
import { NO_HOOKS } from './runtime/crash-point.ts'
import { fingerprintOf } from './runtime/fingerprint.ts'
import { MetricsRegistry } from './runtime/metrics-registry.ts'
import { checkOffsetMetadata } from './runtime/offset-metadata.ts'
import type { StreamsOptions } from './runtime/options.ts'
import { type Settings, settingsOf } from './runtime/settings.ts'
import type { Signals } from './runtime/signals.ts'
import type {
  Progress,
  Status,
  StopOptions,
  StopResult,
  StreamsEvents,
  StreamsState,
} from './runtime/status.ts'
import { openLevelDb } from './state/leveldb.ts'
import { openStateDirectory } from './state/node-directory.ts'
import type { StateDirectory } from './state/state-directory.ts'
import type { Queryable } from './state/stores.ts'
import { subTopologies } from './topology/sub-topologies.ts'
import { programOf, type Topology } from './topology/topology.ts'

const DEFAULT_STATE_DIR = './millrace-state'
const LOG_LEVELS: readonly LogLevel[] = ['silent', 'error', 'warn', 'info', 'debug']

/** Used once: after `stop` a new one is made. */
export class Streams implements AsyncDisposable {
  readonly #app: App
  readonly #metrics = new MetricsRegistry()

  /** Throws a {@link ConfigError} when topology and options do not fit; opens nothing. */
  constructor(topology: Topology, options: StreamsOptions) {
    const settings = settingsOf(options)
    const cluster = clusterOf(options)
    const program = programOf(topology)
    const parts = subTopologies(program)
    for (const part of parts) checkOffsetMetadata(part, settings.applicationId)
    const logger = loggerOf(options)
    this.#app = new App({
      settings,
      program,
      subTopologies: parts,
      fingerprint: fingerprintOf(parts),
      clock: systemClock,
      random: systemRandom,
      logger,
      metrics: this.#metrics,
      clientId: cluster.clientId,
      requestTimeoutMs: cluster.requestTimeoutMs,
      hooks: NO_HOOKS,
      signals: processSignals,
      open: async () => {
        const directory = await openDirectory(settings, cluster, logger)
        try {
          const context = { clock: systemClock, random: systemRandom, logger }
          return { directory, transport: await cluster.open(context) }
        } catch (error) {
          await directory.close()
          throw error
        }
      },
      close: async ({ transport, directory }) => {
        await transport.close()
        await directory.close()
      },
    })
  }

  /** Resolves after a graceful stop (SIGTERM, SIGINT, `stop`), rejects on a fatal error. */
  run(): Promise<void> {
    return this.#app.run()
  }

  /** Resolves when every task that was assigned is running. */
  start(): Promise<void> {
    return this.#app.start()
  }

  /** Tells which of the three ways to stop it was in the end. */
  stop(options?: StopOptions): Promise<StopResult> {
    return this.#app.stop(options)
  }

  /** Takes no more input; what was processed is committed, membership stays. */
  pause(): void {
    this.#app.pause()
  }

  resume(): void {
    this.#app.resume()
  }

  /** True when it has stopped, false when it still runs at the timeout; rejects on a fatal error. */
  awaitTermination(timeout?: Duration): Promise<boolean> {
    return this.#app.awaitTermination(timeout)
  }

  /** The fatal error, if there was one. */
  exception(): StreamsError | undefined {
    return this.#app.exception()
  }

  get state(): StreamsState {
    return this.#app.state
  }

  status(): Status {
    return this.#app.status()
  }

  /** The last report; zeros before the first one. */
  progress(): Progress {
    return this.#app.progress()
  }

  /** The latest last. */
  get recentProgress(): readonly Progress[] {
    return this.#app.recentProgress
  }

  get metrics(): Metrics {
    return this.#metrics
  }

  /** The metrics as text that Prometheus scrapes. */
  prometheus(): Promise<string> {
    return prometheusText(this.#metrics)
  }

  on<E extends keyof StreamsEvents>(event: E, listener: StreamsEvents[E]): Disposable {
    return this.#app.on(event, listener)
  }

  /** The rows of a table or store that this instance's tasks have. */
  store<Q>(store: Queryable<Q>): Q {
    return this.#app.store(store)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.state === 'failed') return
    await this.stop()
  }
}

function clusterOf(options: StreamsOptions): Cluster {
  if (options.cluster !== undefined) return options.cluster
  if (options.brokers !== undefined) return tcp(options)
  throw new ConfigError(
    'INVALID_OPTION',
    "the way to Kafka is missing: give brokers: ['HOST:PORT'], or cluster: tcp(…), kafkajs(client) or embedded()",
  )
}

function loggerOf({ logger = { level: 'info' } }: StreamsOptions): Logger {
  if ('info' in logger) return logger
  const level = process.env.MILLRACE_LOG ?? logger.level
  const known = LOG_LEVELS.find((name) => name === level)
  if (known !== undefined) return createLogger(known)
  throw new ConfigError(
    'INVALID_OPTION',
    `the log level is ${JSON.stringify(level)}: choose one of ${LOG_LEVELS.join(', ')}`,
  )
}

function openDirectory(
  settings: Settings,
  cluster: Cluster,
  logger: Logger,
): Promise<StateDirectory> {
  return openStateDirectory({
    // Logs in memory begin anew with each broker: what lies on the disk would be foreign to them.
    path: settings.stateDir ?? (cluster.ephemeral ? undefined : DEFAULT_STATE_DIR),
    applicationId: settings.applicationId,
    openStore: openLevelDb,
    clock: systemClock,
    random: systemRandom,
    logger,
  })
}

const processSignals: Signals = {
  listen: (heard) => {
    process.on('SIGTERM', heard)
    process.on('SIGINT', heard)
    return () => {
      process.off('SIGTERM', heard)
      process.off('SIGINT', heard)
    }
  },
}
