import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { Kafka, logLevel } from 'kafkajs'
import { embedded, kafkajs, tcp } from './cluster.ts'
import { systemClock } from './core/clock.ts'
import { silentLogger } from './core/logger.ts'
import { seededRandom } from './core/random.ts'
import type { Cluster } from './kafka/cluster.ts'
import { createTopics, fetch, metadata, produce } from './kafka/protocol/apis.ts'
import { decodeResponse, encodeRequest, isFlexible } from './kafka/protocol/codec.ts'
import type { Api, RequestInput, ResponseOf } from './kafka/protocol/message-table.ts'
import { BatchWriter, readBatches } from './kafka/protocol/record-batch.ts'
import type { Connection, Transport } from './kafka/transport.ts'

const context = { clock: systemClock, random: seededRandom(1), logger: silentLogger }
const opened: Transport[] = []

async function open(cluster: Cluster): Promise<Connection> {
  const transport = await cluster.open(context)
  opened.unshift(transport)
  const [address] = transport.bootstrap
  if (address === undefined) throw new TypeError('nowhere to begin')
  return transport.connect(address)
}

async function ask<A extends Api>(
  connection: Connection,
  api: A,
  apiVersion: number,
  request: RequestInput<A>,
): Promise<ResponseOf<A>> {
  const body = encodeRequest(api, apiVersion, request)
  const flexible = isFlexible(api, apiVersion)
  const answer = await connection.send({
    apiKey: api.key,
    apiVersion,
    flexible,
    body,
    timeoutMs: 5000,
  })
  return decodeResponse(api, apiVersion, answer)
}

/** One embedded broker, reached without sockets and through its door. */
async function doors(): Promise<Readonly<Record<'embedded' | 'tcp' | 'kafkajs', Connection>>> {
  const inside = await open(embedded({ port: 0 }))
  const { brokers } = await ask(inside, metadata, 12, { topics: [] })
  const [broker] = brokers
  const address = [`${broker?.host}:${broker?.port}`]
  return {
    embedded: inside,
    tcp: await open(tcp({ brokers: address })),
    kafkajs: await open(
      kafkajs(new Kafka({ brokers: address, logLevel: logLevel.NOTHING, retry: { retries: 0 } })),
    ),
  }
}

afterEach(async () => {
  for (const transport of opened.splice(0)) await transport.close()
})

describe('a cluster', () => {
  test('is the same by every way to it: what one writes, the others read', async () => {
    const ways = await doors()
    await ask(ways.embedded, createTopics, 5, {
      topics: [
        { name: 'in', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] },
      ],
      timeoutMs: 1000,
    })
    for (const [way, connection] of Object.entries(ways)) {
      const writer = new BatchWriter()
      writer.append(null, Buffer.from(way), systemClock.now())
      const records = writer.finish({
        producerId: -1,
        producerEpoch: -1,
        baseSequence: -1,
        transactional: false,
        compression: 'zstd',
      })
      const { responses } = await ask(connection, produce, 9, {
        acks: -1,
        timeoutMs: 1000,
        topicData: [{ name: 'in', partitionData: [{ index: 0, records }] }],
      })
      expect(responses[0]?.partitionResponses[0]?.errorCode).toBe(0)
    }
    for (const connection of Object.values(ways)) {
      const { responses } = await ask(connection, fetch, 12, {
        maxWaitMs: 0,
        minBytes: 0,
        topics: [
          {
            topic: 'in',
            partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 100_000 }],
          },
        ],
      })
      const batches = [...readBatches(responses[0]?.partitions[0]?.records ?? Buffer.alloc(0))]
      expect(batches.map((batch) => batch.value(0)?.toString())).toEqual(Object.keys(ways))
    }
  })

  test('gives concurrent requests their own answers, in order, by every way', async () => {
    for (const connection of Object.values(await doors())) {
      const order: number[] = []
      await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const name = `missing-${index}`
          const { topics } = await ask(connection, metadata, 9, { topics: [{ name }] })
          order.push(index)
          expect(topics[0]?.name).toBe(name)
        }),
      )
      expect(order).toEqual(order.toSorted((one, other) => one - other))
    }
  })

  test('that is closed rejects what is pending, by every way', async () => {
    for (const connection of Object.values(await doors())) {
      const poll = ask(connection, fetch, 12, { maxWaitMs: 60_000, minBytes: 1, topics: [] })
      const rejected = expect(poll).rejects.toMatchObject({ reaction: 'retry' })
      await connection.close()
      await rejected
      expect(connection.open).toBe(false)
    }
  })

  test('embedded in memory is ephemeral, with a directory it is not', () => {
    expect(embedded().ephemeral).toBe(true)
    expect(embedded({ dir: '/somewhere' }).ephemeral).toBe(false)
  })

  test('embedded at a port that somebody has is an option to change', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await expect(embedded({ port }).open(context)).rejects.toMatchObject({ code: 'INVALID_OPTION' })
    await new Promise((resolve) => other.close(resolve))
  })

  test.each(['localhost', 'localhost:0', 'a:b:9092'])(
    'refuses a broker that is not HOST:PORT: %s',
    (broker) => {
      expect(() => tcp({ brokers: [broker] })).toThrow(/HOST:PORT/)
    },
  )

  test('names kafkajs(client) for mechanisms that only it has', () => {
    const sasl = { mechanism: 'aws' as 'plain', username: 'u', password: 'p' }
    expect(() => tcp({ brokers: ['localhost:9092'], sasl })).toThrow(/kafkajs\(client\)/)
  })
})
