/**
 * The embedded broker: a Kafka cluster in one object, for quick starts, tests and simulation, never
 * for production. Doors (in-process, TCP) bring requests and carry answers; all else is here.
 *
 * 1. Time and randomness come from Clock and Random: under a virtual clock a run is reproducible.
 * 2. All nodes share one state. A node that is down refuses connections; leaders and coordinators
 *    move to others, or wait for it.
 * 3. Idle, it has no timer: retention and expiry are looked at when something is used.
 */
import type { Clock } from '../../core/clock.ts'
import { FatalError } from '../../core/errors.ts'
import type { Random } from '../../core/random.ts'
import { apiVersions, saslAuthenticate, saslHandshake } from '../protocol/apis.ts'
import { encodeResponse } from '../protocol/codec.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import type { NodeAddress } from '../transport.ts'
import type { BrokerState } from './broker-state.ts'
import type { ConnectionContext } from './connection-context.ts'
import { GroupCoordinator } from './groups/group-coordinator.ts'
import { allHandlers } from './handlers/all-handlers.ts'
import { Nodes } from './nodes.ts'
import type { BrokerSettings } from './settings.ts'
import { DEFAULT_SETTINGS } from './settings.ts'
import type { BrokerStorage } from './storage/broker-storage.ts'
import { memoryStorage } from './storage/broker-storage.ts'
import { openStorage } from './storage/directory-storage.ts'
import { TopicCatalog } from './topics/topic-catalog.ts'
import { TransactionCoordinator } from './transactions/transaction-coordinator.ts'
import { TransactionGate } from './transactions/transaction-gate.ts'

export interface EmbeddedBrokerOptions {
  readonly clock: Clock
  readonly random: Random
  /** Keeps logs, offsets, transactions and the cluster id there. In memory unless said. */
  readonly dir?: string | undefined
  /** A random one, or that of `dir`. */
  readonly clusterId?: string | undefined
  /** Nodes that share the state, with ids from 1. 1. */
  readonly brokers?: number | undefined
  readonly settings?: Partial<BrokerSettings> | undefined
}

/** Before version 1 tokens came without headers; nobody sends that any more. */
const SASL_HANDSHAKE = { ...saslHandshake, min: 1 }

/** A request behind its header. */
export interface BrokerRequest {
  readonly apiKey: number
  readonly apiVersion: number
  /** Taken over: records in it become the log. */
  readonly body: Buffer
}

export class EmbeddedBroker {
  readonly clock: Clock
  readonly #state: BrokerState
  readonly #storage: BrokerStorage
  readonly #handlers = allHandlers([SASL_HANDSHAKE, saslAuthenticate])
  readonly #addresses = new Map<number, NodeAddress>()
  readonly #disconnect = new Map<number, Set<() => void>>()
  #closed = false

  /** Throws a ConfigError when `dir` cannot be read. */
  constructor(o: EmbeddedBrokerOptions) {
    const { clock, random } = o
    const settings = { ...DEFAULT_SETTINGS, ...o.settings }
    const storage = o.dir === undefined ? memoryStorage : openStorage(o.dir)
    const nodes = new Nodes(o.brokers ?? 1)
    const topics = new TopicCatalog({ nodes, random, storage })
    const groups = new GroupCoordinator({ clock, random, settings, storage })
    const transactions = new TransactionCoordinator({
      clock,
      random,
      settings,
      storage,
      writeMarker: (participant, marker) => {
        if (participant.kind === 'offsets') {
          groups.endTransaction(participant.groupId, marker.producerId, marker.commit)
          return true
        }
        const partition = topics.partition(participant.topic, participant.partition)
        if (partition !== undefined && partition.leader < 0) return false
        // A topic that was deleted meanwhile needs no marker.
        partition?.appendMarker(marker, clock.now())
        return true
      },
    })
    this.clock = clock
    this.#storage = storage
    this.#state = {
      clock,
      random,
      settings,
      clusterId: clusterIdOf(storage, o),
      nodes,
      topics,
      groups,
      transactions,
      gate: new TransactionGate({ clock, settings, transactions }),
      addressOf: (nodeId) => this.addressOf(nodeId),
    }
    groups.resume()
    transactions.resume()
  }

  get clusterId(): string {
    return this.#state.clusterId
  }

  /** Ids of all nodes, up or down. */
  get nodeIds(): readonly number[] {
    return this.#state.nodes.ids
  }

  isUp(nodeId: number): boolean {
    return !this.#closed && this.#state.nodes.isUp(nodeId)
  }

  /** What clients are told; the in-process door's own address unless a door listens. */
  addressOf(nodeId: number): NodeAddress {
    return this.#addresses.get(nodeId) ?? { host: 'embedded', port: nodeId }
  }

  /** Tells clients where a door listens for a node. */
  setAddress(nodeId: number, address: NodeAddress): void {
    this.#addresses.set(nodeId, address)
  }

  /** Calls back when the node goes down, or the broker closes, until the result is called. */
  onDisconnect(nodeId: number, disconnect: () => void): () => void {
    const all = this.#disconnect.get(nodeId) ?? new Set()
    this.#disconnect.set(nodeId, all.add(disconnect))
    return () => all.delete(disconnect)
  }

  /**
   * Answers one request; the doors see to it that those of a connection come one after the other.
   * Undefined: there is no answer to it. Rejects when the connection must be closed: an API or
   * version that is not known, bytes that are no message.
   */
  async handle(
    context: ConnectionContext,
    request: BrokerRequest,
  ): Promise<readonly Buffer[] | undefined> {
    const handler = this.#handlers.get(request.apiKey)
    if (handler === undefined)
      throw new FatalError('INTERNAL', `the broker has no API ${request.apiKey}`)
    const { api } = handler
    if (request.apiVersion >= api.min && request.apiVersion <= api.max)
      return handler.answer(this.#state, context, request.apiVersion, request.body)
    if (api.key !== apiVersions.key)
      throw new FatalError('INTERNAL', `the broker has no ${api.name} ${request.apiVersion}`)
    // A client that is too new for us finds out in this way what it may ask.
    const { key, min, max } = apiVersions
    return encodeResponse(apiVersions, 0, {
      errorCode: ErrorCode.UNSUPPORTED_VERSION,
      apiKeys: [{ apiKey: key, minVersion: min, maxVersion: max }],
    })
  }

  /** Cuts all connections of a node; its leaders and coordinators move. */
  stopNode(nodeId: number): void {
    this.#state.nodes.setUp(nodeId, false)
    this.#state.topics.elect(nodeId, false)
    this.#cut(nodeId)
  }

  startNode(nodeId: number): void {
    this.#state.nodes.setUp(nodeId, true)
    this.#state.topics.elect(nodeId, true)
  }

  /** Another replica, or the same one again, leads from now on. */
  moveLeader(topic: string, partition: number, nodeId: number): void {
    this.#state.topics.partition(topic, partition)?.elect(nodeId)
  }

  /** Moves the coordinator of a group or transactional id. */
  moveCoordinator(key: string, nodeId: number): void {
    this.#state.nodes.moveCoordinator(key, nodeId)
  }

  /** Cuts all connections, cancels all timers, closes all files. Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const nodeId of this.nodeIds) this.#cut(nodeId)
    this.#state.transactions.close()
    this.#state.groups.close()
    this.#state.topics.close()
    this.#storage.close()
  }

  #cut(nodeId: number): void {
    const all = [...(this.#disconnect.get(nodeId) ?? [])]
    this.#disconnect.delete(nodeId)
    for (const disconnect of all) disconnect()
  }
}

function clusterIdOf(storage: BrokerStorage, o: EmbeddedBrokerOptions): string {
  for (const [key, { clusterId }] of storage.documents('cluster'))
    if (key === 'identity') return String(clusterId)
  // As Kafka writes its own: 16 bytes in base64url.
  const clusterId = o.clusterId ?? o.random.bytes(16).toString('base64url')
  storage.put('cluster', 'identity', { clusterId })
  return clusterId
}
