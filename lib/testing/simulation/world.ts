/**
 * The world around the instances of a simulation: a cluster of three nodes, whoever writes the input,
 * and whoever reads the output. Its own requests are never lost.
 */
import { silentLogger } from '../../core/logger.ts'
import { EmbeddedBroker } from '../../kafka/broker/embedded-broker.ts'
import { Admin } from '../../kafka/client/admin.ts'
import { ClusterClient } from '../../kafka/client/cluster-client.ts'
import { IdempotentProducer } from '../../kafka/client/idempotent-producer.ts'
import type { PartitionKey } from '../../kafka/client/topic-partition.ts'
import { ofPartitionKey } from '../../kafka/client/topic-partition.ts'
import { offsetFetch } from '../../kafka/protocol/apis.ts'
import { partitionFor } from '../../kafka/protocol/murmur2.ts'
import type { Connection, Transport } from '../../kafka/transport.ts'
import { inProcessTransport } from '../../kafka/transports/in-process.ts'
import type { CommittedRecord } from './committed-log.ts'
import { committedLog } from './committed-log.ts'
import type { Dice } from './dice.ts'
import type { VirtualTime } from './virtual-time.ts'
import { request } from './wire.ts'

/** A record of the input, as a workload makes it. */
export interface SimulatedRecord {
  readonly topic: string
  readonly key: string
  readonly value: string
  readonly timestamp: number
}

export interface WorldOptions {
  readonly time: VirtualTime
  readonly dice: Dice
  readonly transactionVersion: 1 | 2
  readonly markerMs: readonly [least: number, most: number]
  readonly topics: readonly string[]
  /** Of each topic. */
  readonly partitions: number
}

const NODES = 3
const OFFSET_FETCH_VERSION = 7

export class World {
  readonly #options: WorldOptions
  readonly #broker: EmbeddedBroker
  readonly #transport: Transport
  readonly #client: ClusterClient
  readonly #admin: Admin

  constructor(options: WorldOptions) {
    const { time, dice, transactionVersion, markerMs } = options
    const clock = time.clock()
    this.#options = options
    this.#broker = new EmbeddedBroker({
      clock,
      random: dice.stream('broker'),
      brokers: NODES,
      settings: { transactionVersion, markerDelayMs: markerMs },
    })
    this.#transport = inProcessTransport(this.#broker)
    this.#client = new ClusterClient({
      transport: this.#transport,
      clock,
      random: dice.stream('client'),
      logger: silentLogger,
      clientId: 'world',
      requestTimeoutMs: 30_000,
    })
    this.#admin = new Admin({ client: this.#client, clock, logger: silentLogger })
  }

  /** A door of its own for an instance. */
  door(name: string): Transport {
    return inProcessTransport(this.#broker, name)
  }

  partitionOf(key: string): number {
    return partitionFor(Buffer.from(key), this.#options.partitions)
  }

  async createTopics(): Promise<void> {
    const { topics, partitions } = this.#options
    await this.#admin.createTopics(
      topics.map((name) => ({
        name,
        partitions,
        replicationFactor: NODES,
        // Workloads count time from 1970: the broker must not delete what is that old.
        configs: { 'retention.ms': '-1' },
      })),
    )
  }

  /** Writes the input in order, spread over that time. */
  async feed(input: readonly SimulatedRecord[], overMs: number): Promise<void> {
    const clock = this.#options.time.clock()
    const producer = new IdempotentProducer({ client: this.#client, clock, logger: silentLogger })
    for (const { topic, key, value, timestamp } of input) {
      const bytes = Buffer.from(key)
      producer.send(topic, this.partitionOf(key), bytes, Buffer.from(value), timestamp, undefined)
      producer.push()
      await clock.sleep(overMs / input.length)
    }
    await producer.flush()
    await producer.close()
  }

  /** Coordinators of a group, or leaders of all topics, move to the node that `roll` picks. */
  move(what: 'coordinators' | 'leaders', group: string, roll: number): number {
    const { topics, partitions } = this.#options
    const node = 1 + Math.floor(roll * NODES)
    if (what === 'coordinators') this.#broker.moveCoordinator(group, node)
    else
      for (const topic of topics)
        for (let partition = 0; partition < partitions; partition++)
          this.#broker.moveLeader(topic, partition, node)
    return node
  }

  /** Stable committed offsets by `topic/partition`; undefined while they are not known. */
  async committed(groupId: string): Promise<ReadonlyMap<string, number> | undefined> {
    for (const id of this.#broker.nodeIds) {
      const answer = await this.#ask(id, (connection) =>
        request(connection, offsetFetch, OFFSET_FETCH_VERSION, {
          groupId,
          topics: null,
          requireStable: true,
        }),
      )
      // The others answer that they are not the coordinator.
      if (answer.errorCode === 0)
        return new Map(
          answer.topics.flatMap(({ name, partitions }) =>
            partitions.map(
              (one) => [`${name}/${one.partitionIndex}`, one.committedOffset] as const,
            ),
          ),
        )
    }
    return undefined
  }

  /** Where the logs of these `topic/partition` end, whatever is at their ends. */
  async ends(names: readonly PartitionKey[]): Promise<ReadonlyMap<string, number>> {
    const listed = await this.#admin.listOffsets(names.map(ofPartitionKey), 'latest')
    return new Map([...listed].map(([name, { offset }]) => [name, offset]))
  }

  /** Committed records of a topic, partition after partition, and what is not decided there. */
  async read(
    topic: string,
  ): Promise<{ readonly records: readonly CommittedRecord[]; readonly open: number }> {
    const records: CommittedRecord[] = []
    let open = 0
    for (let partition = 0; partition < this.#options.partitions; partition++) {
      // Whoever leads has something to tell, the others have not.
      for (const id of this.#broker.nodeIds) {
        const log = await this.#ask(id, (connection) => committedLog(connection, topic, partition))
        records.push(...log.records)
        open += log.open
      }
    }
    return { records, open }
  }

  async close(): Promise<void> {
    await this.#client.close()
    this.#broker.close()
  }

  async #ask<T>(node: number, question: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.#transport.connect(this.#broker.addressOf(node))
    try {
      return await question(connection)
    } finally {
      await connection.close()
    }
  }
}
