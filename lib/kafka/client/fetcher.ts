/**
 * Reads partitions: asks their leaders, keeps what came until it is polled, drops what came too late.
 *
 * 1. One request per node is in flight; the next leaves as soon as some partition of that node is
 *    neither paused nor full, and the byte budget allows.
 * 2. Nothing spins: a partition that was refused, or stands above the last stable offset (where the
 *    broker answers at once), waits before it is asked for again.
 * 3. No fetch sessions: each request names what it wants.
 * 4. A request that leaves a partition of its node out is answered soon, for the next one can ask for
 *    it only then; less and less soon, as long as that changes nothing.
 */
import type { Timer } from '../../core/clock.ts'
import { isStreamsError, messageOf, TaskCorruptedError } from '../../core/errors.ts'
import { fetch } from '../protocol/apis.ts'
import type { ResponseOf } from '../protocol/message-table.ts'
import { isTransientError } from './failures.ts'
import type { FetchedBatch, FetcherOptions, FetchState } from './fetch-options.ts'
import type { PartitionAnswer } from './fetch-partition.ts'
import { FetchPartition } from './fetch-partition.ts'
import { FetchTrouble } from './fetch-trouble.ts'
import { reactionTo } from './reactions.ts'
import type { PartitionKey, TopicPartition } from './topic-partition.ts'
import { byTopic, partitionKey } from './topic-partition.ts'
import { Waiters } from './waiters.ts'

export type { FetchedBatch, FetcherOptions, FetchState } from './fetch-options.ts'

/** From version 13 on topics are named by id. */
const BY_NAME = 12
const ISOLATION = { read_uncommitted: 0, read_committed: 1 } as const
const REFUSED_FIRST_MS = 10
/** How long the broker keeps a request that leaves out a partition, at first. */
const HASTY_WAIT_MS = 5

type FetchAnswer = ResponseOf<typeof fetch>
type PartitionTold = FetchAnswer['responses'][number]['partitions'][number]

export class Fetcher {
  readonly #options: FetcherOptions
  readonly #trouble: FetchTrouble
  /** In the order in which they are asked for: who brought something goes to the end. */
  readonly #partitions = new Map<PartitionKey, FetchPartition>()
  readonly #busy = new Set<number>()
  /** By node: how long the broker keeps the next request that leaves out a partition. */
  readonly #hastyMs = new Map<number, number>()
  readonly #waiters = new Waiters()
  #timer: Timer | undefined
  #closed = false

  constructor(options: FetcherOptions) {
    this.#options = options
    this.#trouble = new FetchTrouble(options, () => this.#kick())
  }

  /** Fetched, and not handed out yet. */
  get bufferedBytes(): number {
    let bytes = 0
    for (const { waitingBytes } of this.#partitions.values()) bytes += waitingBytes
    return bytes
  }

  /**
   * The whole set. A partition at its present position stays as it is; others begin anew, not
   * paused, and late answers for them are dropped.
   */
  assign(positions: readonly (TopicPartition & { readonly offset: number })[]): void {
    const before = new Map(this.#partitions)
    this.#partitions.clear()
    for (const { topic, partition, offset } of positions) {
      const key = partitionKey(topic, partition)
      const present = before.get(key)
      const stays = present?.position === offset && present.failure === undefined
      const backoff = this.#options.client.backoff(REFUSED_FIRST_MS)
      this.#partitions.set(
        key,
        stays ? present : new FetchPartition(topic, partition, offset, backoff),
      )
    }
    this.#kick()
  }

  /** Neither fetched nor handed out until resumed; what was fetched is kept. */
  pause({ topic, partition }: TopicPartition): void {
    const of = this.#partitions.get(partitionKey(topic, partition))
    if (of !== undefined) of.paused = true
  }

  resume({ topic, partition }: TopicPartition): void {
    const of = this.#partitions.get(partitionKey(topic, partition))
    if (of?.paused !== true) return
    of.paused = false
    this.#hastyMs.clear()
    if (of.isReady) this.#waiters.wake()
    this.#kick()
  }

  /**
   * What is there now. Throws OffsetOutOfRangeError, TaskCorruptedError (a damaged batch), FatalError
   * (authorization, `TOPIC_DELETED`, `TOPIC_RECREATED`), again and again until the partition is
   * assigned anew.
   */
  poll(): readonly FetchedBatch[] {
    for (const { failure } of this.#partitions.values()) if (failure !== undefined) throw failure
    const batches: FetchedBatch[] = []
    for (const of of this.#partitions.values()) if (of.isReady) of.take(batches)
    if (batches.length > 0) this.#kick()
    return batches
  }

  /** Resolves once `poll` has something to return or to throw, the time is up, or the signal aborts. */
  async wait(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#closed || this.#isReady()) return
    await this.#waiters.wait(this.#options.clock, timeoutMs, signal)
  }

  /** Undefined: not assigned. */
  state({ topic, partition }: TopicPartition): FetchState | undefined {
    return this.#partitions.get(partitionKey(topic, partition))?.state
  }

  /** Drops everything; answers still to come find nothing. */
  async close(): Promise<void> {
    this.#closed = true
    this.#partitions.clear()
    this.#timer?.cancel()
    this.#waiters.wake()
  }

  #isReady(): boolean {
    for (const { isReady } of this.#partitions.values()) if (isReady) return true
    return false
  }

  /** Sends what may be sent now, and sets the timer for what may not yet. */
  #kick(): void {
    if (this.#closed) return
    const now = this.#options.clock.monotonic()
    const wanted = new Map<number, FetchPartition[]>()
    const leftOut: FetchPartition[] = []
    if (this.bufferedBytes < this.#options.maxBytes)
      for (const of of this.#partitions.values())
        if (of.notBefore <= now && this.#mayFetch(of)) this.#want(of, wanted)
        else leftOut.push(of)
    for (const [node, partitions] of wanted)
      void this.#fetch(node, partitions, this.#waitOf(node, leftOut))
    let next = Infinity
    for (const { notBefore } of leftOut) if (notBefore > now) next = Math.min(next, notBefore)
    this.#timer?.cancel()
    if (next < Infinity)
      this.#timer = this.#options.clock.timer(next - now, () => {
        this.#kick()
      })
    if (this.#isReady()) this.#waiters.wake()
  }

  #want(of: FetchPartition, wanted: Map<number, FetchPartition[]>): void {
    const leader = this.#options.client.leader(of.topic, of.partition)
    if (leader === undefined) {
      this.#trouble.leaderless(of)
      return
    }
    if (this.#busy.has(leader.node)) return
    const ofNode = wanted.get(leader.node)
    if (ofNode === undefined) wanted.set(leader.node, [of])
    else ofNode.push(of)
  }

  #mayFetch(of: FetchPartition): boolean {
    return (
      !(of.paused || of.inFlight) &&
      of.failure === undefined &&
      of.waitingBytes < this.#options.partitionMaxBytes
    )
  }

  /** How long the broker may wait for something new of others than these. */
  #waitOf(node: number, leftOut: readonly FetchPartition[]): number {
    const { client, maxWaitMs } = this.#options
    if (!leftOut.some((of) => client.leader(of.topic, of.partition)?.node === node))
      return maxWaitMs
    const wait = this.#hastyMs.get(node) ?? HASTY_WAIT_MS
    this.#hastyMs.set(node, Math.min(2 * wait, maxWaitMs))
    return Math.min(wait, maxWaitMs)
  }

  async #fetch(
    node: number,
    partitions: readonly FetchPartition[],
    maxWaitMs: number,
  ): Promise<void> {
    this.#busy.add(node)
    for (const of of partitions) of.inFlight = true
    const asked = new Map(partitions.map((of) => [partitionKey(of.topic, of.partition), of]))
    try {
      if (this.#take(asked, await this.#ask(node, partitions, maxWaitMs)))
        this.#hastyMs.delete(node)
    } catch (reason) {
      this.#fail(partitions, reason)
    }
    for (const of of partitions) of.inFlight = false
    this.#busy.delete(node)
    this.#kick()
  }

  #ask(
    node: number,
    partitions: readonly FetchPartition[],
    maxWaitMs: number,
  ): Promise<FetchAnswer> {
    const { client, lane, isolation, maxBytes, partitionMaxBytes, minBytes } = this.#options
    const request = {
      maxWaitMs,
      minBytes,
      maxBytes,
      isolationLevel: ISOLATION[isolation],
      topics: byTopic(partitions).map(({ topic, items }) => ({
        topic,
        partitions: items.map((of) => ({
          partition: of.partition,
          // A broker that is behind us, or ahead, says so instead of answering from its own view.
          currentLeaderEpoch: client.leader(topic, of.partition)?.epoch ?? -1,
          fetchOffset: of.fetchOffset,
          partitionMaxBytes,
        })),
      })),
    }
    return client.call(fetch, { node }, lane, request, {
      maxVersion: BY_NAME,
      timeoutMs: maxWaitMs + client.requestTimeoutMs,
    })
  }

  /** Whether the answer brought anything. */
  #take(asked: ReadonlyMap<PartitionKey, FetchPartition>, answer: FetchAnswer): boolean {
    if (reactionTo(answer.errorCode) !== 'none') {
      for (const of of asked.values()) this.#trouble.refused(of, answer.errorCode)
      return false
    }
    let moved = false
    for (const { topic, partitions } of answer.responses)
      for (const told of partitions) {
        const key = partitionKey(topic, told.partitionIndex)
        const of = asked.get(key)
        // Assigned anew or rewound since: this is an answer to somebody who has gone.
        if (of !== undefined && this.#partitions.get(key) === of)
          moved = this.#takeOne(key, of, told) || moved
      }
    return moved
  }

  #takeOne(key: PartitionKey, of: FetchPartition, told: PartitionTold): boolean {
    if (reactionTo(told.errorCode) !== 'none') this.#trouble.refused(of, told.errorCode)
    else if (this.#absorb(of, told)) {
      this.#partitions.delete(key)
      this.#partitions.set(key, of)
      return true
    } else if (of.isAboveStable)
      of.notBefore = this.#options.clock.monotonic() + this.#options.maxWaitMs
    return false
  }

  #absorb(of: FetchPartition, told: PartitionAnswer): boolean {
    try {
      of.backoff.reset()
      return of.absorb(told, this.#options.clock.now())
    } catch (cause) {
      of.failure = isStreamsError(cause)
        ? cause
        : new TaskCorruptedError(
            'STATE_DAMAGED',
            `${of.topic} partition ${of.partition} has a damaged batch at or behind offset ${of.fetchOffset}: ${messageOf(cause)}`,
            { cause },
          )
      return false
    }
  }

  #fail(partitions: readonly FetchPartition[], reason: unknown): void {
    if (this.#closed) return
    for (const of of partitions)
      if (isTransientError(reason)) this.#trouble.unanswered(of, reason)
      else if (isStreamsError(reason)) of.failure = reason
      else throw reason
  }
}
