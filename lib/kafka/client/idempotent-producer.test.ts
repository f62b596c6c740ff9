import { afterEach, describe, expect, test } from '@jest/globals'
import { silentLogger } from '../../core/logger.ts'
import { VirtualCluster } from '../../testing/virtual-cluster.ts'
import { produce } from '../protocol/apis.ts'
import { Admin } from './admin.ts'
import { Fetcher } from './fetcher.ts'
import { IdempotentProducer } from './idempotent-producer.ts'

let cluster = new VirtualCluster()
let one = cluster.connect()
const parts = () => ({ client: one.client, clock: cluster.clock, logger: silentLogger })

afterEach(() => {
  cluster.broker.close()
  cluster = new VirtualCluster()
  one = cluster.connect()
})

async function makeTopic(configs: Record<string, string> = {}): Promise<void> {
  const admin = new Admin(parts())
  const topic = { name: 'out', partitions: 1, replicationFactor: 1, configs }
  await cluster.run(admin.createTopics([topic]))
}

/** The values of each batch. */
async function batches(): Promise<string[][]> {
  const fetcher = new Fetcher({
    ...parts(),
    lane: 'fetch',
    isolation: 'read_committed',
    maxBytes: 1 << 20,
    partitionMaxBytes: 1 << 20,
    maxWaitMs: 100,
    minBytes: 1,
  })
  fetcher.assign([{ topic: 'out', partition: 0, offset: 0 }])
  await cluster.pass(500)
  return fetcher
    .poll()
    .map(({ view }) => Array.from({ length: view.count }, (_, at) => `${view.value(at)}`))
}

async function written(): Promise<string[]> {
  return (await batches()).flat()
}

function inputOf(offset: number) {
  return { topic: 'in', partition: 0, offset }
}

describe('a producer without transactions', () => {
  test('gathers what is pushed while as many batches as may be are on their way', async () => {
    await makeTopic()
    const producer = new IdempotentProducer(parts())
    const push = (value: string): void => {
      producer.send('out', 0, null, Buffer.from(value), cluster.clock.now())
      producer.push()
    }
    push('first')
    await cluster.run(producer.flush())
    const values = Array.from({ length: 20 }, (_, n) => `${n}`)
    for (const value of values) push(value)
    await cluster.run(producer.flush())
    const [first, ...others] = await batches()
    expect(first).toEqual(['first'])
    expect(others.map(({ length }) => length)).toEqual([1, 1, 1, 1, 1, 15])
    expect(others.flat()).toEqual(values)
  })

  test('doubles nothing when answers are lost, and keeps the order', async () => {
    await makeTopic()
    const producer = new IdempotentProducer(parts())
    const expected: string[] = []
    for (let n = 0; n < 30; n++) {
      expected.push(`${n}`)
      producer.send('out', 0, null, Buffer.from(`${n}`), cluster.clock.now())
      producer.push()
      if (n % 4 === 1) one.transport.lose(produce, n % 8 === 1 ? 'answer lost' : 'request lost')
      if (n % 3 === 0) await cluster.pass(1)
    }
    await cluster.run(producer.flush())
    expect(await written()).toEqual(expected)
    expect(producer.endOffsets().get('out/0')?.offset).toBe(30)
  })

  test('leaves a refused record out, sends all others, and tells which it was', async () => {
    await makeTopic({ 'message.timestamp.after.max.ms': '3600000' })
    const producer = new IdempotentProducer(parts())
    const now = cluster.clock.now()
    for (let n = 0; n < 6; n++) {
      const timestamp = n === 2 || n === 4 ? now + 7_200_000 : now
      producer.send('out', 0, null, Buffer.from(`${n}`), timestamp, undefined, inputOf(n))
    }
    await expect(cluster.run(producer.flush())).rejects.toMatchObject({
      code: 'RECORD_REFUSED',
      origin: inputOf(2),
    })
    expect(await written()).toEqual(['0', '1', '3', '5'])
    producer.send('out', 0, null, Buffer.from('6'), now)
    await cluster.run(producer.flush())
    expect(await written()).toEqual(['0', '1', '3', '5', '6'])
  })

  test('gives up when a topic has no leader for too long, and begins clean', async () => {
    await makeTopic()
    const producer = new IdempotentProducer({ ...parts(), deliveryTimeoutMs: 5000 })
    producer.send('out', 0, null, Buffer.from('lost'), cluster.clock.now())
    one.transport.lose(produce, 'request lost', 1000)
    await expect(cluster.run(producer.flush())).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' })
    one.transport.heal()
    producer.send('out', 0, null, Buffer.from('kept'), cluster.clock.now())
    await cluster.run(producer.flush())
    expect(await written()).toEqual(['kept'])
  })
})
