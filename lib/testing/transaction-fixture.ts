/**
 * For tests of transactions: a topic of two partitions, a member of a group, producers of one
 * transactional id, and what readers see, all in virtual time.
 */
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/logger.ts'
import { silentLogger } from '../core/logger.ts'
import { Admin } from '../kafka/client/admin.ts'
import type { ClusterClient } from '../kafka/client/cluster-client.ts'
import { Fetcher } from '../kafka/client/fetcher.ts'
import type { GroupFence, OffsetToCommit } from '../kafka/client/group-fence.ts'
import { GroupSession } from '../kafka/client/group-session.ts'
import type { Outcome } from '../kafka/client/transaction-end.ts'
import { TransactionalProducer } from '../kafka/client/transactional-producer.ts'
import type { VirtualClient, VirtualClusterOptions } from './virtual-cluster.ts'
import { VirtualCluster } from './virtual-cluster.ts'

/** What every client is made with. */
interface ClientParts {
  readonly client: ClusterClient
  readonly clock: Clock
  readonly logger: Logger
}

export class TransactionWorld {
  readonly cluster: VirtualCluster
  readonly one: VirtualClient
  readonly admin: Admin
  readonly session: GroupSession
  #fence: GroupFence | undefined

  constructor(options?: VirtualClusterOptions) {
    this.cluster = new VirtualCluster(options)
    this.one = this.cluster.connect()
    this.admin = new Admin(this.parts())
    this.session = new GroupSession({
      ...this.parts(),
      groupId: 'g',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      subscription: () => Buffer.alloc(10),
      assign: async () => new Map(),
      onRebalance: () => undefined,
      onLost: () => undefined,
    })
  }

  close(): void {
    this.cluster.broker.close()
  }

  parts(of: VirtualClient = this.one): ClientParts {
    return { client: of.client, clock: this.cluster.clock, logger: silentLogger }
  }

  producer(of: VirtualClient = this.one): TransactionalProducer {
    return new TransactionalProducer({
      ...this.parts(of),
      transactionalId: 'app',
      transactionTimeoutMs: 10_000,
      deliveryTimeoutMs: 60_000,
    })
  }

  /** A topic, a member, a producer that has its id. */
  async started(topicConfigs: Record<string, string> = {}): Promise<TransactionalProducer> {
    const topic = { name: 'out', partitions: 2, replicationFactor: 1, configs: topicConfigs }
    await this.cluster.run(this.admin.createTopics([topic]))
    this.#fence = (await this.cluster.run(this.session.join())).fence
    const producer = this.producer()
    await this.cluster.run(producer.claim())
    return producer
  }

  get fence(): GroupFence {
    if (this.#fence === undefined) throw new RangeError('not joined')
    return this.#fence
  }

  offsets(offset: number, metadata = ''): OffsetToCommit[] {
    return [{ topic: 'out', partition: 0, offset, metadata }]
  }

  send(producer: TransactionalProducer, value: string, partition = 0): void {
    producer.send('out', partition, null, Buffer.from(value), this.cluster.clock.now())
  }

  /** One record, one offset, up to EndTxn. */
  async filled(producer: TransactionalProducer, value: string, offset: number): Promise<void> {
    this.send(producer, value)
    await this.cluster.run(producer.flush())
    await this.cluster.run(producer.sendOffsets(this.fence, this.offsets(offset)))
  }

  async transaction(
    producer: TransactionalProducer,
    value: string,
    offset: number,
  ): Promise<Outcome> {
    await this.filled(producer, value, offset)
    return this.cluster.run(producer.end('commit'))
  }

  async committed(): Promise<number | undefined> {
    const read = await this.cluster.run(this.session.committed([{ topic: 'out', partition: 0 }]))
    return read[0]?.offset
  }

  /** What readers of committed records see. */
  async visible(partition = 0): Promise<string[]> {
    const fetcher = new Fetcher({
      ...this.parts(),
      lane: 'fetch',
      isolation: 'read_committed',
      maxBytes: 1 << 20,
      partitionMaxBytes: 1 << 20,
      maxWaitMs: 100,
      minBytes: 1,
    })
    fetcher.assign([{ topic: 'out', partition, offset: 0 }])
    await this.cluster.pass(500)
    const values = fetcher
      .poll()
      .flatMap(({ view, firstIndex }) =>
        Array.from(
          { length: view.count - firstIndex },
          (_, at) => `${view.value(firstIndex + at)}`,
        ),
      )
    await fetcher.close()
    return values
  }
}
