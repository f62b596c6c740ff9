/**
 * Everything that is asked of a cluster goes through here: connections by lane and node, versions,
 * leaders, coordinators.
 *
 * 1. A request to a node is written before `call` returns (or queued behind those that wait for the
 *    connection), so requests of a lane leave in call order.
 * 2. A request to a node is never repeated here: only its caller knows whether that is safe.
 * 3. Codes are the callers' affair; what is asked for routing is repeated until it is answered.
 */
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/logger.ts'
import type { Random } from '../../core/random.ts'
import { below } from '../../core/random.ts'
import { decodeResponse, encodeRequest, isFlexible } from '../protocol/codec.ts'
import type { Api, RequestInput, ResponseOf } from '../protocol/message-table.ts'
import type { NodeVersions, Transport } from '../transport.ts'
import { Backoff } from './backoff.ts'
import type { ClusterMetadata } from './cluster-metadata.ts'
import type { Lane } from './connections.ts'
import { Connections } from './connections.ts'
import type { CoordinatorKind } from './coordinators.ts'
import { Coordinators } from './coordinators.ts'
import { isTransientError, unreachable } from './failures.ts'
import type { Leader, TopicStanding } from './leader-table.ts'
import { LeaderTable } from './leader-table.ts'
import { MetadataReader } from './metadata-reader.ts'
import type { VersionLimits } from './negotiation.ts'
import { negotiate } from './negotiation.ts'

export interface ClusterClientOptions {
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly clientId: string
  readonly requestTimeoutMs: number
}

/** A node by its id, whichever answers, or the one that changes topics. */
export type Target = { readonly node: number } | 'any' | 'controller'

export interface CallOptions extends VersionLimits {
  /** Of one attempt. The client's. */
  readonly timeoutMs?: number
  /** Of all attempts, where the target is `'any'` or `'controller'`. A minute. */
  readonly patienceMs?: number
  /** Ends the repeating, not the request. */
  readonly signal?: AbortSignal | undefined
}

const PATIENCE_MS = 60_000

export class ClusterClient {
  readonly #options: ClusterClientOptions
  readonly #table = new LeaderTable()
  readonly #connections: Connections
  readonly #metadata: MetadataReader
  readonly #coordinators: Coordinators
  readonly #closing = new AbortController()
  #stamps = 0

  constructor(options: ClusterClientOptions) {
    this.#options = options
    const { transport, random } = options
    const firstTurn = below(random, Math.max(1, transport.bootstrap.length))
    const stamp = (): number => ++this.#stamps
    this.#connections = new Connections(transport, this.#table, stamp, firstTurn)
    this.#metadata = new MetadataReader(this, this.#table, stamp)
    this.#coordinators = new Coordinators(this, this.#table)
  }

  /** Aborted by `close`: whatever is repeated ends then. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  get clock(): Clock {
    return this.#options.clock
  }

  get requestTimeoutMs(): number {
    return this.#options.requestTimeoutMs
  }

  /**
   * One request. Rejects with RetriableError when the connection died or the time passed (the
   * request may have taken effect), ConfigError `CLUSTER_TOO_OLD`, FatalError
   * `AUTHENTICATION_FAILED`. `'any'` and `'controller'` are asked again, other nodes included.
   */
  call<A extends Api>(
    api: A,
    target: Target,
    lane: Lane,
    request: RequestInput<A>,
    options: CallOptions = {},
  ): Promise<ResponseOf<A>> {
    if (typeof target === 'object') return this.#once(api, target.node, lane, request, options)
    return this.#untilAnswered(api, target, lane, request, options)
  }

  /** What a node speaks, connecting first where necessary. */
  versions(lane: Lane, node: number): Promise<NodeVersions> {
    return this.#connections.get(lane, node).ready()
  }

  /** These topics, or all. Repeated until answered, up to a minute. */
  metadata(topics?: readonly string[]): Promise<ClusterMetadata> {
    return this.#metadata.read(topics)
  }

  /** Metadata of these topics anew; never rejects, callers look at the outcome. */
  refresh(topics: readonly string[]): Promise<void> {
    return this.#metadata.refresh(topics)
  }

  /** From the last Metadata answer. Undefined: not known, or none at the moment. */
  leader(topic: string, partition: number): Leader | undefined {
    return this.#table.leader(topic, partition)
  }

  /** From the last Metadata answer. */
  standing(topic: string): TopicStanding {
    return this.#table.standing(topic)
  }

  /** The topic was deleted on purpose: the next one of that name may have another id. */
  forgetTopic(topic: string): void {
    this.#table.forget(topic)
  }

  /**
   * The leader's epoch when it is known to be the present one, else -1: a broker may have restarted
   * since Metadata was read, so only what was asked after the connection was made counts, and is
   * asked for where it is missing.
   */
  certainEpoch(topic: string, partition: number, node: number, lane: Lane): number {
    const leader = this.#table.leader(topic, partition)
    if (leader?.node !== node) return -1
    if (this.#table.stampOf(topic) > this.#connections.openedAt(lane, node)) return leader.epoch
    void this.refresh([topic])
    return -1
  }

  /** The node that coordinates a group or a transactional id; looked up once, until forgotten. */
  coordinator(kind: CoordinatorKind, key: string): Promise<number> {
    return this.#coordinators.find(kind, key)
  }

  /** It said that it is not the coordinator, or did not answer. */
  forgetCoordinator(kind: CoordinatorKind, key: string): void {
    this.#coordinators.forget(kind, key)
  }

  backoff(firstMs?: number, maxMs?: number): Backoff {
    return new Backoff(this.#options.clock, this.#options.random, firstMs, maxMs)
  }

  /** Closes every connection; the transport is its owner's to close. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#connections.close()
  }

  #once<A extends Api>(
    api: A,
    node: number,
    lane: Lane,
    request: RequestInput<A>,
    options: CallOptions,
  ): Promise<ResponseOf<A>> {
    if (this.#closing.signal.aborted) return Promise.reject(unreachable('the client is closed'))
    const timeoutMs = options.timeoutMs ?? this.#options.requestTimeoutMs
    return this.#connections.get(lane, node).request((versions) => {
      const version = negotiate(api, versions, options)
      return {
        frame: {
          apiKey: api.key,
          apiVersion: version,
          flexible: isFlexible(api, version),
          body: encodeRequest(api, version, request),
          timeoutMs,
        },
        decode: (answer) => decodeResponse(api, version, answer),
      }
    })
  }

  async #untilAnswered<A extends Api>(
    api: A,
    target: 'any' | 'controller',
    lane: Lane,
    request: RequestInput<A>,
    options: CallOptions,
  ): Promise<ResponseOf<A>> {
    const backoff = this.backoff()
    const until = this.clock.monotonic() + (options.patienceMs ?? PATIENCE_MS)
    for (;;) {
      const isController = target === 'controller' && this.#table.controller >= 0
      const node = isController ? this.#table.controller : this.#connections.any()
      try {
        return await this.#once(api, node, lane, request, options)
      } catch (reason) {
        if (!isTransientError(reason) || this.#isOver(until, options.signal)) throw reason
        this.#connections.another()
        await backoff.wait(options.signal ?? this.closing)
        if (isController) await this.refresh([])
      }
    }
  }

  #isOver(until: number, signal: AbortSignal | undefined): boolean {
    return this.closing.aborted || signal?.aborted === true || this.clock.monotonic() >= until
  }
}
