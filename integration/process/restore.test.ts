/** A million keys, and the disk is lost: they come back from the changelog, while the group is kept. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { KTable, Topology } from 'millrace'
import { Streams, StreamsBuilder, serdes } from 'millrace'
import type { Broker } from 'millrace/broker'
import { startBroker } from 'millrace/broker'
import { tcp } from '../../lib/cluster.ts'
import { systemClock } from '../../lib/core/clock.ts'
import { silentLogger } from '../../lib/core/logger.ts'
import { systemRandom } from '../../lib/core/random.ts'
import { Admin } from '../../lib/kafka/client/admin.ts'
import { ClusterClient } from '../../lib/kafka/client/cluster-client.ts'
import { IdempotentProducer } from '../../lib/kafka/client/idempotent-producer.ts'
import { WatchedCluster } from '../support/watched-cluster.ts'

const KEYS = 1_000_000
const BUFFERED_BYTES = 8_388_608

let dir = ''
let broker: Broker

function program(): {
  readonly topology: Topology
  readonly counts: KTable<string, number, never>
} {
  const builder = new StreamsBuilder()
  const counts = builder
    .stream('keys', { key: serdes.string, value: serdes.string })
    .groupByKey()
    .count({ store: 'counts' })
  return { topology: builder.build(), counts }
}

function clusterOf(): WatchedCluster {
  return new WatchedCluster(tcp({ brokers: broker.brokers }))
}

function streams(topology: Topology, cluster: WatchedCluster): Streams {
  return new Streams(topology, {
    applicationId: 'restore',
    cluster,
    stateDir: join(dir, 'state'),
    logger: { level: 'warn' },
  })
}

/** Writes one record of each key. */
async function feed(): Promise<void> {
  const clock = systemClock
  const transport = await broker
    .cluster()
    .open({ clock, random: systemRandom, logger: silentLogger })
  const client = new ClusterClient({
    transport,
    clock,
    random: systemRandom,
    logger: silentLogger,
    clientId: 'feed',
    requestTimeoutMs: 30_000,
  })
  await new Admin({ client, clock, logger: silentLogger }).createTopics([
    { name: 'keys', partitions: 1, replicationFactor: 1, configs: {} },
  ])
  const producer = new IdempotentProducer({ client, clock, logger: silentLogger })
  const value = Buffer.from('v')
  for (let key = 0; key < KEYS; key++) {
    producer.send('keys', 0, Buffer.from(`key-${key}`), value, clock.now(), undefined)
    if (producer.bufferedBytes > BUFFERED_BYTES) await producer.drain(BUFFERED_BYTES / 2)
  }
  await producer.flush()
  await producer.close()
  await client.close()
  await transport.close()
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-restore-'))
  broker = await startBroker({ port: 0 })
  await feed()
}, 120_000)

afterAll(async () => {
  await broker.stop()
  rmSync(dir, { recursive: true, force: true })
})

describe('a store of a million keys', () => {
  test('comes back when its disk is lost, shows how far it is, and leaves the group alone', async () => {
    const before = program()
    const first = streams(before.topology, clusterOf())
    await first.start()
    expect(await first.stop({ drain: true, timeout: '100s' })).toMatchObject({ drained: true })

    rmSync(join(dir, 'state'), { recursive: true, force: true })

    const { topology, counts } = program()
    const cluster = clusterOf()
    const second = streams(topology, cluster)
    const states: string[] = []
    const seen: { readonly done: number; readonly total: number }[] = []
    second.on('state', (state) => states.push(state))
    // A changelog of this size takes many fetches: whatever is asked, look how far it is.
    cluster.hold = () => {
      const restore = second.status().tasks[0]?.restore
      if (restore !== undefined) seen.push(restore)
      return undefined
    }
    await second.start()
    const halfway = seen.filter(({ done, total }) => done > 0 && done < total)
    expect(halfway.length).toBeGreaterThan(0)
    expect(seen.at(-1)?.total).toBeGreaterThanOrEqual(KEYS)
    expect(states.filter((state) => state === 'rebalancing')).toHaveLength(1)
    const store = second.store(counts)
    expect(await store.get('key-0')).toBe(1)
    expect(await store.get(`key-${KEYS - 1}`)).toBe(1)
    let rows = 0
    for await (const { value } of store.range()) rows += value
    expect(rows).toBe(KEYS)
    await second.stop()
  }, 240_000)
})
