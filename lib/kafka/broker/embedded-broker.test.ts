import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import {
  commitOffset,
  GroupMember,
  stateOf,
} from '../../../integration/protocol-suite/group-calls.ts'
import { RawKafka } from '../../../integration/protocol-suite/raw-kafka.ts'
import {
  fetchOffset,
  stableOffset,
  Transactional,
  V1,
  V2,
} from '../../../integration/protocol-suite/transaction-calls.ts'
import { inVirtualTime } from '../../../integration/protocol-suite/virtual-run.ts'
import type { Clock } from '../../core/clock.ts'
import { seededRandom } from '../../core/random.ts'
import { createTopics, findCoordinator, metadata, offsetForLeaderEpoch } from '../protocol/apis.ts'
import type { Transport } from '../transport.ts'
import { inProcessTransport } from '../transports/in-process.ts'
import type { EmbeddedBrokerOptions } from './embedded-broker.ts'
import { EmbeddedBroker } from './embedded-broker.ts'

const DAY_MS = 86_400_000

interface Cluster {
  readonly broker: EmbeddedBroker
  readonly kafka: RawKafka
}

function start(clock: Clock, o: Partial<EmbeddedBrokerOptions> = {}): Cluster {
  const broker = new EmbeddedBroker({ clock, random: seededRandom(11), ...o })
  return { broker, kafka: new RawKafka(inProcessTransport(broker), clock, 'test') }
}

/** One node of a cluster, with a transport that begins there. */
function at(broker: EmbeddedBroker, nodeId: number): RawKafka {
  const transport = inProcessTransport(broker)
  const bootstrap = [broker.addressOf(nodeId)]
  const one: Transport = { ...transport, bootstrap }
  return new RawKafka(one, broker.clock, `node-${nodeId}`)
}

async function topicOf(kafka: RawKafka, name: string) {
  const { topics } = await kafka.call(metadata, 12, { topics: [{ name }] })
  return topics[0]
}

function inDirectory<T>(run: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-broker-'))
  return run(dir).finally(() => rmSync(dir, { recursive: true, force: true }))
}

describe('time', () => {
  test('deletes what is older than retention.ms, by its timestamps, the active segment too', () =>
    inVirtualTime(async (clock) => {
      const { kafka } = start(clock)
      const topic = await kafka.topic(1, { 'cleanup.policy': 'compact,delete' })
      const old = clock.now() - 30 * DAY_MS
      await kafka.write(topic, { key: 'a', timestamp: old }, { key: 'b', timestamp: old })
      await clock.sleep(6000)
      const { errorCode } = await kafka.fetch(topic, { offset: 0 })
      const { highWatermark, logStartOffset } = await kafka.fetch(topic, { offset: 2 })
      expect([errorCode, highWatermark, logStartOffset]).toEqual([1, 2, 2])
    }))

  test('keeps what is old where retention.ms is -1', () =>
    inVirtualTime(async (clock) => {
      const { kafka } = start(clock)
      const topic = await kafka.topic(1, { 'retention.ms': '-1' })
      await kafka.write(topic, { timestamp: 1000 })
      await clock.sleep(DAY_MS)
      expect((await kafka.fetch(topic)).batches).toHaveLength(1)
    }))

  test('forgets the offsets of a group that was empty for the time of their retention', () =>
    inVirtualTime(async (clock) => {
      const { kafka } = start(clock)
      const topic = await kafka.topic()
      const member = await (await GroupMember.make(kafka, 'group')).become()
      await member.commit(topic, 5)
      await clock.sleep(5000)
      await member.leave()
      await clock.sleep(7 * DAY_MS - 1000)
      const before = await fetchOffset(kafka, 'group', topic, true)
      await clock.sleep(2000)
      const after = await fetchOffset(kafka, 'group', topic, true)
      expect([before, after]).toMatchObject([
        { offset: 5, code: 0 },
        { offset: -1, code: 0 },
      ])
    }))

  test('a marker comes after the answer of EndTxn, so the offset is unstable in between', () =>
    inVirtualTime(async (clock) => {
      const { kafka } = start(clock, { settings: { markerDelayMs: [50, 50] } })
      const topic = await kafka.topic()
      const tx = new Transactional(kafka, V1)
      const producer = await tx.begin()
      await tx.addOffsets(producer, 'group')
      await tx.commitOffset(producer, 'group', { topic, offset: 9 })
      await tx.end(producer, true)
      expect(await fetchOffset(kafka, 'group', topic, true)).toMatchObject({ code: 88 })
      expect(await fetchOffset(kafka, 'group', topic, false)).toMatchObject({ offset: -1, code: 0 })
      expect(await tx.addOffsets(producer, 'group')).toBe(51)
      await clock.sleep(60)
      expect(await fetchOffset(kafka, 'group', topic, true)).toMatchObject({ offset: 9, code: 0 })
    }))

  test('equal seeds are equal runs', async () => {
    const run = () =>
      inVirtualTime(async (clock) => {
        const { broker, kafka } = start(clock)
        const topic = await kafka.topic(3)
        const tx = new Transactional(kafka, V2, 'tx')
        await tx.endDone(await tx.begin(), false)
        const member = await GroupMember.make(kafka, 'group')
        await member.join()
        const { topicId } = (await topicOf(kafka, topic)) ?? {}
        return [broker.clusterId, topicId, member.memberId, clock.monotonic()]
      })
    expect(await run()).toEqual(await run())
  })
})

describe('several nodes', () => {
  test('requests to the wrong node are told so', () =>
    inVirtualTime(async (clock) => {
      const { broker } = start(clock, { brokers: 3 })
      const [one, two, three] = [at(broker, 1), at(broker, 2), at(broker, 3)]
      await one.call(createTopics, 7, {
        topics: [{ name: 't', numPartitions: 3, replicationFactor: 3 }],
        timeoutMs: 1000,
      })
      const leaders = (await topicOf(one, 't'))?.partitions.map(({ leaderId }) => leaderId)
      expect(leaders).toEqual([1, 2, 3])
      expect((await two.produce('t', { records: [{}] })).errorCode).toBe(6)
      expect((await one.produce('t', { records: [{}] })).errorCode).toBe(0)
      const { nodeId } = await one.call(findCoordinator, 2, { key: 'group', keyType: 0 })
      const others = [one, two, three].filter((_, index) => index + 1 !== nodeId)
      const codes = await Promise.all(others.map((each) => commitOffset(each, 'group', 't', 1)))
      expect(codes).toEqual([16, 16])
    }))

  test('a node that stops loses its connections, and another leads in a new epoch', () =>
    inVirtualTime(async (clock) => {
      const { broker } = start(clock, { brokers: 2 })
      const [one, two] = [at(broker, 1), at(broker, 2)]
      await one.call(createTopics, 7, {
        topics: [
          { name: 'twice', numPartitions: 1, replicationFactor: 2 },
          { name: 'once', numPartitions: 1, replicationFactor: 1 },
        ],
        timeoutMs: 1000,
      })
      const waiting = one.fetch('twice', { maxWaitMs: 60_000 })
      const refused = expect(waiting).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
      await clock.sleep(10)
      broker.stopNode(1)
      await refused
      await expect(one.connect()).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
      expect((await topicOf(two, 'twice'))?.partitions).toMatchObject([
        { leaderId: 2, leaderEpoch: 1, isrNodes: [2] },
      ])
      expect((await topicOf(two, 'once'))?.partitions).toMatchObject([
        { leaderId: -1, errorCode: 5 },
      ])
      broker.startNode(1)
      expect((await topicOf(two, 'once'))?.partitions).toMatchObject([
        { leaderId: 1, leaderEpoch: 2, errorCode: 0 },
      ])
    }))

  test('a decided transaction stays unseen while a leader of it is down', () =>
    inVirtualTime(async (clock) => {
      const { broker } = start(clock, { brokers: 2 })
      const two = at(broker, 2)
      const one = at(broker, 1)
      await one.call(createTopics, 7, {
        topics: [{ name: 't', numPartitions: 1, replicationFactor: 1 }],
        timeoutMs: 1000,
      })
      broker.moveCoordinator('tx', 2)
      const coordinator = new Transactional(two, V1, 'tx')
      const producer = await coordinator.begin()
      await coordinator.addPartitions(producer, 't')
      await new Transactional(one, V1, 'tx').produce(producer, 't', 0)
      broker.stopNode(1)
      expect((await coordinator.end(producer, true)).errorCode).toBe(0)
      await clock.sleep(5000)
      expect((await coordinator.end(producer, true)).errorCode).toBe(51)
      broker.startNode(1)
      await clock.sleep(100)
      expect((await coordinator.end(producer, true)).errorCode).toBe(0)
      expect((await at(broker, 1).fetch('t', { committed: true })).batches).toHaveLength(2)
    }))
})

describe('a directory', () => {
  test('keeps topics, records, sequences, offsets, groups and the cluster id', () =>
    inDirectory((dir) =>
      inVirtualTime(async (clock) => {
        const first = start(clock, { dir })
        const topic = await first.kafka.topic(1, { 'retention.ms': '-1' })
        const producer = await first.kafka.producer(null)
        await first.kafka.produce(topic, { records: [{ value: 'a' }], producer })
        await commitOffset(first.kafka, 'simple', topic, 1)
        const options = { instanceId: 'one', sessionTimeoutMs: 10_000 }
        const member = await (await GroupMember.make(first.kafka, 'group', options)).become()
        const before = await topicOf(first.kafka, topic)
        first.broker.close()

        const { broker, kafka } = start(clock, { dir })
        expect(broker.clusterId).toBe(first.broker.clusterId)
        expect((await topicOf(kafka, topic))?.topicId).toBe(before?.topicId)
        expect((await kafka.fetch(topic)).batches[0]?.values).toEqual(['a'])
        const repeat = await kafka.produce(topic, { records: [{ value: 'a' }], producer })
        expect([repeat.errorCode, repeat.baseOffset]).toEqual([0, 0])
        expect((await kafka.producer(null)).producerId).toBeGreaterThan(producer.producerId)
        expect((await fetchOffset(kafka, 'simple', topic, true)).offset).toBe(1)
        expect(await stateOf(kafka, 'group')).toBe('Stable')
        const again = await GroupMember.make(kafka, 'group', options)
        await again.joinOnce()
        expect([again.generationId, member.generationId]).toEqual([1, 1])
        broker.close()
      }),
    ))

  test('an open transaction goes on after a restart, a decided one gets its markers', () =>
    inDirectory((dir) =>
      inVirtualTime(async (clock) => {
        const settings = { markerDelayMs: [1000, 1000] as const }
        const first = start(clock, { dir, settings })
        const topic = await first.kafka.topic()
        const open = new Transactional(first.kafka, V1, 'open')
        const one = await open.begin()
        await open.addPartitions(one, topic)
        await open.produce(one, topic, 0, 'open')
        const decided = new Transactional(first.kafka, V1, 'decided')
        const two = await decided.begin()
        await decided.addOffsets(two, 'group')
        await decided.commitOffset(two, 'group', { topic, offset: 7 })
        await decided.end(two, true)
        first.broker.close()

        const { broker, kafka } = start(clock, { dir })
        expect(await stableOffset(kafka, 'group', topic)).toBe(7)
        const resumed = new Transactional(kafka, V1, 'open')
        expect((await kafka.fetch(topic, { committed: true })).batches).toHaveLength(0)
        expect(await resumed.produce(one, topic, 1, 'more')).toBe(0)
        expect((await resumed.end(one, true)).errorCode).toBe(0)
        await clock.sleep(100)
        expect((await kafka.fetch(topic, { committed: true })).batches).toHaveLength(3)
        broker.close()
      }),
    ))

  test('a restart moves the leader epoch, and the old one ends where it ended', () =>
    inDirectory((dir) =>
      inVirtualTime(async (clock) => {
        const first = start(clock, { dir })
        const topic = await first.kafka.topic()
        await first.kafka.write(topic, {}, {})
        first.broker.close()
        const { broker, kafka } = start(clock, { dir })
        await kafka.write(topic, {})
        const { topics } = await kafka.call(offsetForLeaderEpoch, 3, {
          topics: [{ topic, partitions: [{ partition: 0, leaderEpoch: 0 }] }],
        })
        expect(topics[0]?.partitions[0]).toMatchObject({ leaderEpoch: 0, endOffset: 2 })
        expect((await topicOf(kafka, topic))?.partitions[0]?.leaderEpoch).toBe(2)
        expect((await kafka.fetch(topic, { currentLeaderEpoch: 0 })).errorCode).toBe(74)
        broker.close()
      }),
    ))

  test('a batch that was cut by a crash is no part of the log', () =>
    inDirectory((dir) =>
      inVirtualTime(async (clock) => {
        const first = start(clock, { dir })
        const topic = await first.kafka.topic()
        await first.kafka.write(topic, { value: 'a' }, { value: 'b' })
        first.broker.close()
        const [log = ''] = readdirSync(dir).filter((name) => name.endsWith('.log'))
        truncateSync(join(dir, log), statSync(join(dir, log)).size - 3)
        const { broker, kafka } = start(clock, { dir })
        await kafka.write(topic, { value: 'c' })
        const { batches } = await kafka.fetch(topic)
        expect(batches.map(({ values, offsets }) => [values[0], offsets[0]])).toEqual([
          ['a', 0],
          ['c', 1],
        ])
        broker.close()
      }),
    ))
})
