/**
 * Word count exactly-once, with a repartition topic and a changelog, on the oldest Kafka that is
 * spoken to, those in between and the newest, one broker at a time. A process is killed and its
 * state wiped; a transaction outlives its timeout; a clean stop keeps the state. Then a JVM reader of
 * committed records must find each word's counts without a break, and the changelog what the disk has.
 *
 * The tier's own cluster is asked first. The others are started here, which needs Java and Maven.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import type { Kafka } from 'kafkajs'
import { tcp } from '../../lib/cluster.ts'
import { seededRandom } from '../../lib/core/random.ts'
import type { Cluster } from '../../lib/kafka/cluster.ts'
import {
  addOffsetsToTxn,
  endTxn,
  joinGroup,
  txnOffsetCommit,
} from '../../lib/kafka/protocol/apis.ts'
import { Streams } from '../../lib/streams.ts'
import { wordCount } from '../../scripts/workloads/word-count.ts'
import type { InputRecord } from '../../scripts/workloads/workload.ts'
import {
  committedRecords,
  createTopics,
  deleteTopics,
  kafkaOf,
  kit,
  prefixed,
  brokers as tierBrokers,
  write,
} from '../support/kafka.ts'
import { OwnKafka } from '../support/own-kafka.ts'
import { Program } from '../support/program.ts'
import { compareStateWithChangelogs } from '../support/state.ts'
import { WatchedCluster } from '../support/watched-cluster.ts'

/** The tier's own is 4.1. */
const OTHERS = ['3.3.2', '3.9.2', '4.4.0']
const PARTITIONS = 2
/** Written in four parts, each for a second or two. */
const RECORDS = 2000
const TRANSACTION_TIMEOUT_MS = 2000
/** The kit's brokers look for such transactions every second. */
const HELD_MS = TRANSACTION_TIMEOUT_MS + 2000

/** Undefined where the user named a cluster, and wants that one tested. */
const hasKit = process.env.KAFKA_KIT !== undefined

/** Why a version cannot be tested here; undefined: it can. */
function missing(version: string): string | undefined {
  if (!hasKit) return 'KAFKA_BROKERS names the one cluster to test'
  try {
    kit('install', version)
    return undefined
  } catch {
    return 'its jars could not be fetched: see above'
  }
}

interface SecondLife {
  readonly cluster: WatchedCluster
  /** After its own transaction had timed out. */
  readonly rejoins: number
}

/** What one version goes through. */
class Trial {
  /** Of the application and of topics. */
  readonly #prefix = `versions-${Date.now()}`
  readonly #applicationId = `${this.#prefix}-${wordCount.name}`
  readonly #brokers: readonly string[]
  readonly #kafka: Kafka
  readonly #stateDir = mkdtempSync(join(tmpdir(), 'millrace-versions-'))
  readonly #parts: readonly (readonly InputRecord[])[]
  readonly #input: readonly InputRecord[]

  constructor(brokers: readonly string[]) {
    this.#brokers = brokers
    this.#kafka = kafkaOf(brokers)
    const random = seededRandom(1)
    this.#input = wordCount.input((below) => Math.floor(random.next() * below), RECORDS)
    const size = RECORDS / 4
    this.#parts = [0, 1, 2, 3].map((part) => this.#input.slice(part * size, (part + 1) * size))
  }

  get #output(): string {
    return `${this.#prefix}-${wordCount.outputTopic}`
  }

  async prepare(): Promise<void> {
    const names = [...wordCount.inputTopics, wordCount.outputTopic]
    const topics = names.map((name) => `${this.#prefix}-${name}`)
    await createTopics(this.#kafka, topics, PARTITIONS)
  }

  /** Killed in the middle, and its disk is lost. */
  async firstLife(): Promise<void> {
    const args = [this.#prefix, this.#stateDir, 'exactly-once', wordCount.name]
    const env = { KAFKA_BROKERS: this.#brokers.join(',') }
    const program = Program.source('integration/support/instance.ts', args, env)
    try {
      await program.prints(/^running$/m)
      const written = this.#write(0)
      await this.#outputBegins()
      await program.kill()
      await written
    } finally {
      await program.kill()
    }
    rmSync(this.#stateDir, { recursive: true })
  }

  /** A transaction is held back until it has timed out; then a clean stop while input is coming. */
  async secondLife(): Promise<SecondLife> {
    const cluster = new WatchedCluster(tcp({ brokers: this.#brokers }))
    const held = holdSecond(cluster, txnOffsetCommit.key)
    const app = this.#app(cluster)
    await app.start()
    const joins = cluster.versionsOf(joinGroup).length
    await this.#write(1)
    await held
    const written = this.#write(2)
    const until = cluster.versionsOf(endTxn).length + 2
    while (cluster.versionsOf(endTxn).length < until) await pause(20)
    await app.stop()
    await written
    return { cluster, rejoins: cluster.versionsOf(joinGroup).length - joins }
  }

  /** With the state that was kept, to the end. */
  async thirdLife(): Promise<void> {
    const app = this.#app(tcp({ brokers: this.#brokers }))
    await app.start()
    await this.#write(3)
    expect(await app.stop({ drain: true, timeout: '30s' })).toMatchObject({ drained: true })
  }

  /** What is wrong, in words. */
  async verdict(): Promise<readonly string[]> {
    const output = committedRecords(this.#output, this.#brokers)
    const state = [this.#stateDir]
    const changelog = await compareStateWithChangelogs(state, this.#applicationId, this.#brokers)
    return [...wordCount.check(this.#input, output, () => 0), ...changelog.wrong]
  }

  async close(): Promise<void> {
    rmSync(this.#stateDir, { recursive: true, force: true })
    await deleteTopics(this.#kafka, this.#prefix)
  }

  #app(cluster: Cluster): Streams {
    return new Streams(wordCount.topology(`${this.#prefix}-`), {
      applicationId: this.#applicationId,
      cluster,
      stateDir: this.#stateDir,
      transactionTimeout: TRANSACTION_TIMEOUT_MS,
      logger: { level: 'error' },
    })
  }

  #write(part: number): Promise<void> {
    const records = prefixed(`${this.#prefix}-`, this.#parts[part] ?? [])
    return write(this.#kafka, records, 10, () => pause(20))
  }

  async #outputBegins(): Promise<void> {
    const admin = this.#kafka.admin()
    await admin.connect()
    for (let count = 0; count === 0; await pause(20)) {
      const ends = await admin.fetchTopicOffsets(this.#output)
      count = ends.reduce((sum, { offset }) => sum + Number(offset), 0)
    }
    await admin.disconnect()
  }
}

/** There always is a second one, for counts are committed after the lines they come from. */
function holdSecond(cluster: WatchedCluster, apiKey: number): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0
    cluster.hold = (frame) => {
      if (frame.apiKey !== apiKey || ++seen !== 2) return undefined
      const held = pause(HELD_MS)
      void held.then(resolve)
      return held
    }
  })
}

async function onOwnBroker(version: string, reason: string | undefined): Promise<void> {
  if (reason !== undefined) throw new Error(`Kafka ${version} was not tested: ${reason}`)
  const kafka = await OwnKafka.start('--version', version)
  try {
    await run(kafka.brokers, version)
  } finally {
    kafka.stop()
  }
}

/** `version` is undefined where a user chose the cluster. */
async function run(brokers: readonly string[], version: string | undefined): Promise<void> {
  const trial = new Trial(brokers)
  try {
    await trial.prepare()
    await trial.firstLife()
    const { cluster, rejoins } = await trial.secondLife()
    await trial.thirdLife()
    expect(await trial.verdict()).toEqual([])
    const ends = new Set(cluster.versionsOf(endTxn))
    const announced = cluster.versionsOf(addOffsetsToTxn).length
    // V2 never announces a group and moves the epoch with EndTxn 5.
    const isV2 = announced === 0 && [...ends].every((one) => one >= 5)
    const isV1 = announced > 0 && [...ends].every((one) => one < 5)
    expect([isV1, isV2]).toContain(true)
    if (version === undefined) return
    const isModern = Number(version.split('.')[0]) >= 4
    expect(isV2).toBe(isModern)
    // Before 4.0 the present identity cannot recover what the broker has aborted: the id is claimed
    // anew, once, if the broker was as quick as that.
    expect(rejoins).toBeLessThanOrEqual(isModern ? 0 : 1)
  } finally {
    await trial.close()
  }
}

const TIERS_OWN = process.env.KAFKA_VERSION

test(`word count on ${TIERS_OWN ?? 'the Kafka that KAFKA_BROKERS names'}`, () =>
  run(tierBrokers, TIERS_OWN))

for (const version of OTHERS) {
  const reason = missing(version)
  if (reason !== undefined) process.stderr.write(`NOT RUN: Kafka ${version}: ${reason}\n`)
  // A cluster that was named is all that its owner wants tested; else each version is part of the tier.
  const mayMiss = !hasKit || process.env.CI !== 'true'
  const define = reason !== undefined && mayMiss ? test.skip : test
  define(`word count on ${version}`, () => onOwnBroker(version, reason))
}
