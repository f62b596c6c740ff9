/**
 * The raw client of the protocol suite: `call(api, version, request)` over any transport, and what
 * saves scenarios the most typing. It interprets nothing: codes come out as they came.
 */
import type { Clock } from '../../lib/core/clock.ts'
import {
  createTopics,
  fetch,
  initProducerId,
  listOffsets,
  produce,
} from '../../lib/kafka/protocol/apis.ts'
import { BatchWriter } from '../../lib/kafka/protocol/batch-writer.ts'
import { decodeResponse, encodeRequest, isFlexible } from '../../lib/kafka/protocol/codec.ts'
import type { Api, RequestInput, ResponseOf } from '../../lib/kafka/protocol/message-table.ts'
import { readBatches } from '../../lib/kafka/protocol/record-batch.ts'
import type { Connection, Transport } from '../../lib/kafka/transport.ts'

const TIMEOUT_MS = 60_000
const BATCH_BYTES = 16_384

/** Who produces: an id and its epoch. */
export interface Producer {
  readonly producerId: number
  readonly producerEpoch: number
}

export interface InitializedProducer extends Producer {
  readonly errorCode: number
}

export interface RecordToWrite {
  readonly key?: string | null
  readonly value?: string | Buffer | null
  readonly timestamp?: number
}

export interface BatchToWrite {
  readonly records: readonly RecordToWrite[]
  readonly producer?: Producer
  readonly sequence?: number
  readonly transactional?: boolean
}

/** One batch as a fetch gave it. */
export interface ReadBatch {
  readonly offsets: readonly number[]
  readonly values: readonly (string | null)[]
  readonly control: boolean
  readonly transactional: boolean
  readonly nextOffset: number
}

/** One partition's part of a fetch. */
export interface Fetched {
  readonly errorCode: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly abortedTransactions:
    | readonly { readonly producerId: number; readonly firstOffset: number }[]
    | null
  readonly batches: readonly ReadBatch[]
  readonly elapsedMs: number
}

export interface FetchOptions {
  readonly partition?: number
  readonly offset?: number
  readonly committed?: boolean
  readonly maxWaitMs?: number
  readonly partitionMaxBytes?: number
  readonly currentLeaderEpoch?: number
  /** A connection of its own, for a fetch that waits. */
  readonly on?: Connection
}

let scenarios = 0

export class RawKafka {
  readonly clock: Clock
  readonly #transport: Transport
  readonly #prefix: string
  readonly #open: Connection[] = []
  #connection: Connection | undefined
  #names = 0

  constructor(transport: Transport, clock: Clock, run: string) {
    this.#transport = transport
    this.clock = clock
    this.#prefix = `${run}-${++scenarios}`
  }

  /** A name that nothing else uses: of a topic, group or transactional id. */
  name(kind: string): string {
    return `${this.#prefix}-${kind}-${++this.#names}`
  }

  /** Another connection, for what would block the first. */
  async connect(): Promise<Connection> {
    const [address] = this.#transport.bootstrap
    if (address === undefined) throw new Error('the transport names no broker')
    const connection = await this.#transport.connect(address)
    this.#open.push(connection)
    return connection
  }

  async call<A extends Api>(
    api: A,
    version: number,
    request: RequestInput<A>,
    on?: Connection,
  ): Promise<ResponseOf<A>> {
    this.#connection ??= await this.connect()
    const answer = await (on ?? this.#connection).send({
      apiKey: api.key,
      apiVersion: version,
      flexible: isFlexible(api, version),
      body: encodeRequest(api, version, request),
      timeoutMs: TIMEOUT_MS,
    })
    return decodeResponse(api, version, answer)
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.map((connection) => connection.close()))
  }

  /** Calls again and again until the answer satisfies; gives the last one after ten seconds. */
  async until<T>(ask: () => Promise<T>, isGood: (answer: T) => boolean, everyMs = 10): Promise<T> {
    const end = this.clock.monotonic() + 10_000
    for (;;) {
      const answer = await ask()
      if (isGood(answer) || this.clock.monotonic() > end) return answer
      await this.clock.sleep(everyMs)
    }
  }

  async topic(partitions = 1, configs: Readonly<Record<string, string>> = {}): Promise<string> {
    const name = this.name('topic')
    await this.call(createTopics, 7, {
      topics: [
        {
          name,
          numPartitions: partitions,
          replicationFactor: 1,
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        },
      ],
      timeoutMs: 10_000,
    })
    // Metadata names the leader a moment before it takes requests.
    const all = Array.from({ length: partitions }, (_, partitionIndex) => ({
      partitionIndex,
      timestamp: -1,
    }))
    await this.until(
      () => this.call(listOffsets, 5, { topics: [{ name, partitions: all }] }),
      ({ topics }) => topics[0]?.partitions.every(({ errorCode }) => errorCode === 0) === true,
    )
    return name
  }

  /** InitProducerId, over the time in which coordinator or transaction are not ready. */
  async producer(
    transactionalId: string | null,
    o: { version?: number; timeoutMs?: number; current?: Producer } = {},
  ): Promise<InitializedProducer> {
    const { version = 4, timeoutMs = 60_000, current } = o
    return this.until(
      () =>
        this.call(initProducerId, version, {
          transactionalId,
          transactionTimeoutMs: timeoutMs,
          ...(current ?? { producerId: -1, producerEpoch: -1 }),
        }),
      ({ errorCode }) => ![14, 15, 16, 51].includes(errorCode),
    )
  }

  batch({ records, producer, sequence, transactional = false }: BatchToWrite): Buffer {
    const writer = new BatchWriter(BATCH_BYTES)
    for (const { key = 'k', value = 'v', timestamp = this.clock.now() } of records)
      writer.append(bytes(key), bytes(value), timestamp)
    return writer.finish({
      producerId: producer?.producerId ?? -1,
      producerEpoch: producer?.producerEpoch ?? -1,
      baseSequence: sequence ?? (producer === undefined ? -1 : 0),
      transactional,
    })
  }

  /** Writes one batch to partition 0 unless said; the partition's part of the answer. */
  async produce(
    topic: string,
    batch: BatchToWrite | Buffer,
    o: {
      version?: number
      partition?: number
      transactionalId?: string | null
      acks?: number
    } = {},
  ): Promise<ResponseOf<typeof produce>['responses'][number]['partitionResponses'][number]> {
    const { version = 7, partition = 0, transactionalId = null, acks = -1 } = o
    const records = Buffer.isBuffer(batch) ? batch : this.batch(batch)
    const answer = await this.call(produce, version, {
      transactionalId,
      acks,
      timeoutMs: 10_000,
      topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
    })
    const of = answer.responses[0]?.partitionResponses[0]
    if (of === undefined) throw new Error('Produce answered without a partition')
    return of
  }

  /** Writes plain records, one batch each. */
  async write(topic: string, ...records: readonly RecordToWrite[]): Promise<void> {
    for (const record of records) await this.produce(topic, { records: [record] })
  }

  async fetch(topic: string, o: FetchOptions = {}): Promise<Fetched> {
    const started = this.clock.monotonic()
    const request = {
      maxWaitMs: o.maxWaitMs ?? 200,
      minBytes: 1,
      maxBytes: 10_000_000,
      isolationLevel: o.committed === true ? 1 : 0,
      topics: [
        {
          topic,
          partitions: [
            {
              partition: o.partition ?? 0,
              fetchOffset: o.offset ?? 0,
              currentLeaderEpoch: o.currentLeaderEpoch ?? -1,
              partitionMaxBytes: o.partitionMaxBytes ?? 1_000_000,
            },
          ],
        },
      ],
    }
    const { responses } = await this.call(fetch, 11, request, o.on)
    const answer = responses[0]?.partitions[0]
    if (answer === undefined) throw new Error('Fetch answered without a partition')
    return {
      ...answer,
      batches: batchesOf(answer.records),
      elapsedMs: this.clock.monotonic() - started,
    }
  }
}

function bytes(text: string | Buffer | null): Buffer | null {
  return typeof text === 'string' ? Buffer.from(text) : text
}

function batchesOf(records: Buffer | null): readonly ReadBatch[] {
  return [...readBatches(records ?? Buffer.alloc(0))].map((batch) => {
    const indexes = Array.from({ length: batch.count }, (_, index) => index)
    return {
      offsets: indexes.map((index) => batch.offset(index)),
      values: indexes.map((index) => batch.value(index)?.toString() ?? null),
      control: batch.isControl,
      transactional: batch.isTransactional,
      nextOffset: batch.nextOffset,
    }
  })
}
