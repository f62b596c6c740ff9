/**
 * A zombie, then kill -9 at seeded moments: two instances, four topologies, a real Kafka. What a JVM reader of
 * committed records then sees must be what the oracle says: nothing lost, nothing doubled, in order.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Kafka } from 'kafkajs'
import { seededRandom } from '../../lib/core/random.ts'
import { partitionFor } from '../../lib/kafka/protocol/murmur2.ts'
import { workloads } from '../../scripts/workloads/all.ts'
import type { InputRecord, Workload } from '../../scripts/workloads/workload.ts'
import {
  brokers,
  committedRecords,
  createTopics,
  deleteTopics,
  kafkaOf,
  prefixed,
  write,
} from '../support/kafka.ts'
import { Program } from '../support/program.ts'
import { compareStateWithChangelogs } from '../support/state.ts'

const SEED = Number(process.env.KILLS_SEED ?? 20_261_125)
const KILLS = 22
const PARTITIONS = 2
const RECORDS = 2500

const random = seededRandom(SEED)
const pick = (below: number): number => Math.floor(random.next() * below)
/** Of applications and topics: a cluster may have those of other runs. */
const prefix = `kills-${Date.now()}`

interface Instance {
  readonly stateDir: string
  program: Program
}

let dir = ''
let kafka: Kafka
let inputs: ReadonlyMap<string, readonly InputRecord[]>
const instances: Instance[] = []

function start(stateDir: string): Program {
  return Program.source('integration/support/instance.ts', [prefix, stateDir])
}

/** What a workload reads: its input, and what it writes for itself in between. */
function topicsOf({ name, inputTopics }: Workload): readonly string[] {
  const inputs = inputTopics.map((topic) => `${prefix}-${topic}`)
  return name === 'word-count' ? [...inputs, `${prefix}-${name}-wc-by-word-repartition`] : inputs
}

/** Resolves when every group has committed the ends of its topics. */
async function caughtUp(): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  for (const workload of workloads)
    for (const topic of topicsOf(workload))
      for (;;) {
        const ends = await admin.fetchTopicOffsets(topic)
        const [committed] = await admin.fetchOffsets({
          groupId: `${prefix}-${workload.name}`,
          topics: [topic],
        })
        const left = ends.filter(({ partition, offset }) => {
          const at = committed?.partitions.find((one) => one.partition === partition)?.offset
          return Number(at ?? -1) < Number(offset)
        })
        if (left.length === 0) break
        for (const { program } of instances) expect(program.output).not.toMatch(/"level":50/)
        await pause(100)
      }
  await admin.disconnect()
}

/** Resolves when every group is stable with so many members. */
async function membersAre(count: number): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  for (;;) {
    const { groups } = await admin.describeGroups(workloads.map(({ name }) => `${prefix}-${name}`))
    const there = groups.filter(
      ({ state, members }) => state === 'Stable' && members.length === count,
    )
    if (there.length === workloads.length) break
    await pause(100)
  }
  await admin.disconnect()
}

/** An instance that is stopped until the others have gone on without it, and then wakes up. */
async function zombie(): Promise<void> {
  const [instance] = instances
  if (instance === undefined) return
  for (const { program } of instances) await program.prints(/^running$/m)
  await membersAre(instances.length)
  instance.program.signal('SIGSTOP')
  await membersAre(instances.length - 1)
  instance.program.signal('SIGCONT')
  await membersAre(instances.length)
}

async function kill(): Promise<void> {
  const instance = instances[pick(instances.length)]
  if (instance === undefined) return
  await instance.program.prints(/^running$/m)
  await pause(pick(900))
  await instance.program.kill()
  instance.program = start(instance.stateDir)
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-kills-'))
  kafka = kafkaOf()
  await createTopics(
    kafka,
    workloads
      .flatMap(({ inputTopics, outputTopic }) => [...inputTopics, outputTopic])
      .map((topic) => `${prefix}-${topic}`),
    PARTITIONS,
  )
  inputs = new Map(workloads.map(({ name, input }) => [name, input(pick, RECORDS)]))
  for (const name of ['a', 'b']) {
    const stateDir = join(dir, name)
    instances.push({ stateDir, program: start(stateDir) })
  }
  let feeding = true
  const written = Promise.all(
    [...inputs.values()].map((records) =>
      write(kafka, prefixed(`${prefix}-`, records), 10, () => pause(feeding ? 300 : 1)),
    ),
  )
  await zombie()
  for (let count = 0; count < KILLS; count++) await kill()
  feeding = false
  await written
  await caughtUp()
  for (const { program } of instances) {
    // Before that nobody listens for the signal.
    await program.prints(/^running$/m)
    program.signal('SIGTERM')
    expect(await program.ended).toEqual({ code: 0, signal: null })
  }
}, 400_000)

afterAll(async () => {
  for (const { program } of instances) await program.kill()
  rmSync(dir, { recursive: true, force: true })
  await deleteTopics(kafka, prefix)
})

describe(`a zombie and ${KILLS} kills with seed ${SEED}`, () => {
  test.each(workloads.map((workload) => [workload.name, workload] as const))(
    'lose nothing and double nothing of %s',
    (name, { check, outputTopic }) => {
      const partitionOf = (key: string): number => partitionFor(Buffer.from(key), PARTITIONS)
      const wrong = check(
        inputs.get(name) ?? [],
        committedRecords(`${prefix}-${outputTopic}`),
        partitionOf,
      )
      expect(wrong).toEqual([])
    },
  )

  test.each(workloads.map(({ name }) => name))(
    'leave the changelogs of %s and the state on disk the same',
    async (name) => {
      const stateDirs = instances.map(({ stateDir }) => stateDir)
      const { rows, wrong } = await compareStateWithChangelogs(
        stateDirs,
        `${prefix}-${name}`,
        brokers,
      )
      expect(wrong).toEqual([])
      expect(rows).toBeGreaterThan(0)
    },
  )
})
