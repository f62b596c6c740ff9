/**
 * One seed: a cluster, instances that are killed, paused and cut off as the plan says, input written
 * meanwhile, then calm. Afterwards everything must converge, and what an independent reader sees is
 * what the workload's oracle judges.
 */

import { silentLogger } from '../../core/logger.ts'
import { seededRandom } from '../../core/random.ts'
import { EmbeddedBroker } from '../../kafka/broker/embedded-broker.ts'
import { Admin } from '../../kafka/client/admin.ts'
import { ClusterClient } from '../../kafka/client/cluster-client.ts'
import { IdempotentProducer } from '../../kafka/client/idempotent-producer.ts'
import { offsetFetch } from '../../kafka/protocol/apis.ts'
import { partitionFor } from '../../kafka/protocol/murmur2.ts'
import type { Connection, Transport } from '../../kafka/transport.ts'
import { inProcessTransport } from '../../kafka/transports/in-process.ts'
import type { CrashPoint } from '../../runtime/crash-point.ts'
import { MemoryDisk } from '../../state/memory.ts'
import type { Topology } from '../../topology/topology.ts'
import type { CommittedRecord } from './committed-log.ts'
import { committedLog } from './committed-log.ts'
import { Dice } from './dice.ts'
import { Life } from './life.ts'
import type { NetworkFaults } from './network.ts'
import type { Plan } from './plan.ts'
import { Trace } from './trace.ts'
import { VirtualTime } from './virtual-time.ts'
import { request } from './wire.ts'

/** What is run and how it is judged. */
export interface Subject {
  readonly name: string
  readonly topology: () => Topology
  readonly inputTopics: readonly string[]
  readonly outputTopic: string
  readonly input: (pick: (below: number) => number, count: number) => readonly SimulatedRecord[]
  readonly check: (
    input: readonly SimulatedRecord[],
    output: readonly SimulatedOutput[],
    partitionOf: (key: string) => number,
  ) => readonly string[]
}

export interface SimulatedRecord {
  readonly topic: string
  readonly key: string
  readonly value: string
  readonly timestamp: number
}

export interface SimulatedOutput {
  readonly partition: number
  readonly key: Buffer
  readonly value: Buffer | null
  readonly timestamp: number
}

export interface SeedResult {
  readonly seed: number
  /** What is wrong, in words; empty when all is well. */
  readonly wrong: readonly string[]
  readonly trace: Trace
  /** How often each crash point was died at. */
  readonly deaths: ReadonlyMap<CrashPoint, number>
  readonly virtualMs: number
}

const START_MS = 1_800_000_000_000
const PARTITIONS = 2
const CALM: NetworkFaults = { loseRequest: 0, loseResponse: 0, delayRequest: 0 }
/** After the last fault all must be done within that (reliability EO7): sessions, transactions, restores. */
const CONVERGE_MS = 180_000
const POLL_MS = 100

export async function simulateSeed(subject: Subject, plan: Plan): Promise<SeedResult> {
  const simulation = new Simulation(subject, plan)
  return simulation.run()
}

class Simulation {
  readonly #subject: Subject
  readonly #plan: Plan
  readonly #time = new VirtualTime(START_MS)
  readonly #trace = new Trace(this.#time)
  readonly #dice: Dice
  readonly #broker: EmbeddedBroker
  readonly #transport: Transport
  readonly #lives: (Life | undefined)[] = []
  readonly #generation: number[] = []
  readonly #disks: readonly MemoryDisk[]
  readonly #passed = new Map<string, number>()
  readonly #deaths = new Map<CrashPoint, number>()
  readonly #wrong: string[] = []
  readonly #input: readonly SimulatedRecord[]
  #calm = false
  #finished = false

  constructor(subject: Subject, plan: Plan) {
    this.#subject = subject
    this.#plan = plan
    this.#dice = new Dice(plan.seed)
    const clock = this.#time.clock()
    const settings = { transactionVersion: plan.transactionVersion }
    const random = this.#dice.stream('broker')
    this.#broker = new EmbeddedBroker({ clock, random, brokers: 3, settings })
    this.#transport = inProcessTransport(this.#broker)
    this.#disks = Array.from({ length: plan.instances }, () => new MemoryDisk())
    const random2 = seededRandom(plan.seed)
    const pick = (below: number): number => Math.floor(random2.next() * below)
    this.#input = subject.input(pick, plan.records)
  }

  async run(): Promise<SeedResult> {
    const done = this.#script().then(
      () => {
        this.#finished = true
      },
      (error: unknown) => {
        this.#wrong.push(`the simulation itself failed: ${String(error)}`)
        this.#finished = true
      },
    )
    const limit = START_MS + this.#plan.faultsMs + 2 * CONVERGE_MS
    const ended = await this.#time.run(limit, () => this.#finished)
    if (ended === 'done') await done
    else this.#wrong.push(`nothing happens any more (${ended}): a hang`)
    this.#broker.close()
    return {
      seed: this.#plan.seed,
      wrong: this.#wrong,
      trace: this.#trace,
      deaths: this.#deaths,
      virtualMs: this.#time.now - START_MS,
    }
  }

  async #script(): Promise<void> {
    const clock = this.#time.clock()
    const client = this.#client()
    const admin = new Admin({ client, clock, logger: silentLogger })
    const topics = [...this.#subject.inputTopics, this.#subject.outputTopic]
    await admin.createTopics(
      topics.map((name) => ({ name, partitions: PARTITIONS, replicationFactor: 3, configs: {} })),
    )
    this.#planFaults()
    for (let at = 0; at < this.#plan.instances; at++) this.#start(at)
    await this.#feed(client)
    await this.#until('faults end', () => this.#time.now >= START_MS + this.#plan.faultsMs)
    this.#calmDown()
    const connection = await this.#connect()
    await this.#caughtUp(connection)
    await this.#stopAll()
    await this.#judge(connection)
    await client.close()
  }

  #client(): ClusterClient {
    return new ClusterClient({
      transport: this.#transport,
      clock: this.#time.clock(),
      random: this.#dice.stream('client'),
      logger: silentLogger,
      clientId: 'world',
      requestTimeoutMs: 30_000,
    })
  }

  async #connect(): Promise<Connection> {
    const [address] = this.#transport.bootstrap
    if (address === undefined) throw new TypeError('a cluster without nodes')
    return this.#transport.connect(address)
  }

  #planFaults(): void {
    const at = (ms: number, what: () => void): void => {
      this.#time.schedule(ms, () => {
        if (!this.#calm) what()
      })
    }
    for (const { instance, at: when } of this.#plan.kills)
      if ('timeMs' in when)
        at(when.timeMs, () => this.#lives[instance]?.kill(`after ${Math.round(when.timeMs)} ms`))
    for (const { instance, atMs, forMs } of this.#plan.pauses)
      at(atMs, () => this.#lives[instance]?.pause(forMs))
    for (const [index, { atMs, what }] of this.#plan.moves.entries())
      at(atMs, () => this.#move(what, index))
  }

  #move(what: 'coordinators' | 'leaders', index: number): void {
    const { nodeIds } = this.#broker
    const node = nodeIds[Math.floor(this.#dice.roll('node', index) * nodeIds.length)] ?? 1
    this.#trace.add('world', `${what} move to node ${node}`)
    if (what === 'coordinators') this.#broker.moveCoordinator(this.#subject.name, node)
    else
      for (const topic of [...this.#subject.inputTopics, this.#subject.outputTopic])
        for (let partition = 0; partition < PARTITIONS; partition++)
          this.#broker.moveLeader(topic, partition, node)
  }

  #start(instance: number): void {
    const disk = this.#disks[instance]
    if (disk === undefined || this.#finished) return
    const generation = (this.#generation[instance] ?? 0) + 1
    this.#generation[instance] = generation
    const name = `${String.fromCharCode(97 + instance)}${generation}`
    const life = new Life({
      name,
      topology: this.#subject.topology,
      settings: {
        applicationId: this.#subject.name,
        guarantee: this.#plan.guarantee,
        sessionTimeout: '3s',
        rebalanceTimeout: '6s',
        transactionTimeout: '4s',
        flush: { every: '2s' },
      },
      time: this.#time,
      dice: this.#dice,
      trace: this.#trace,
      disk,
      cluster: inProcessTransport(this.#broker, name),
      network: () => (this.#calm ? CALM : this.#plan.network),
      dies: (point) => this.#dies(instance, point),
      onDeath: () => this.#restart(instance),
      onFailure: (error) => {
        this.#trace.add(name, `gave up: ${String(error)}`)
        // As a container would be: started again. What never comes up again does not converge.
        this.#restart(instance)
      },
    })
    this.#lives[instance] = life
    life.start()
  }

  #restart(instance: number): void {
    const count = this.#generation[instance] ?? 0
    const kills = this.#plan.kills.filter((kill) => kill.instance === instance)
    const kill = kills[(count - 1) % Math.max(1, kills.length)]
    if (kill?.wipe === true && !this.#calm) this.#disks[instance]?.replace()
    this.#lives[instance] = undefined
    this.#time.schedule(this.#calm ? 100 : (kill?.restartAfterMs ?? 1000), () =>
      this.#start(instance),
    )
  }

  #dies(instance: number, point: CrashPoint): boolean {
    if (this.#calm) return false
    const name = `${instance} ${point}`
    const nth = (this.#passed.get(name) ?? 0) + 1
    this.#passed.set(name, nth)
    const dies = this.#plan.kills.some(
      (kill) =>
        kill.instance === instance &&
        'point' in kill.at &&
        kill.at.point === point &&
        kill.at.nth === nth,
    )
    if (dies) this.#deaths.set(point, (this.#deaths.get(point) ?? 0) + 1)
    return dies
  }

  /** Input spread over the time of the faults, in order. */
  async #feed(client: ClusterClient): Promise<void> {
    const clock = this.#time.clock()
    const producer = new IdempotentProducer({
      client,
      clock,
      logger: silentLogger,
      maxRequestBytes: 1_048_576,
      compression: 'none',
    })
    const everyMs = (this.#plan.faultsMs * 0.8) / this.#input.length
    for (const { topic, key, value, timestamp } of this.#input) {
      const bytes = Buffer.from(key)
      const partition = partitionFor(bytes, PARTITIONS)
      producer.send(topic, partition, bytes, Buffer.from(value), timestamp, undefined)
      await clock.sleep(everyMs)
    }
    await producer.flush()
    await producer.close()
  }

  #calmDown(): void {
    this.#trace.add('world', 'faults end')
    this.#calm = true
  }

  async #until(what: string, holds: () => boolean | Promise<boolean>): Promise<boolean> {
    const clock = this.#time.clock()
    for (let waited = 0; waited < CONVERGE_MS; waited += POLL_MS) {
      if (await holds()) return true
      await clock.sleep(POLL_MS)
    }
    this.#wrong.push(`within ${CONVERGE_MS} ms of calm it did not happen that ${what}`)
    return false
  }

  /** Every input record is behind a committed offset (EO7). */
  async #caughtUp(connection: Connection): Promise<void> {
    const ends = new Map<string, number>()
    for (const { topic, key } of this.#input) {
      const name = `${topic}/${partitionFor(Buffer.from(key), PARTITIONS)}`
      ends.set(name, (ends.get(name) ?? 0) + 1)
    }
    await this.#until('all input is committed', async () => {
      const node = this.#broker.nodeIds
      for (const id of node) {
        const committed = await this.#committed(id)
        if (committed === undefined) continue
        return [...ends].every(([name, end]) => (committed.get(name) ?? -1) >= end)
      }
      return false
    })
    void connection
  }

  /** Offsets as the coordinator has them; undefined when that node is not it. */
  async #committed(node: number): Promise<ReadonlyMap<string, number> | undefined> {
    const connection = await this.#transport.connect(this.#broker.addressOf(node))
    const answer = await request(connection, offsetFetch, 7, {
      groupId: this.#subject.name,
      topics: null,
      requireStable: true,
    })
    await connection.close()
    if (answer.errorCode !== 0) return undefined
    return new Map(
      answer.topics.flatMap(({ name, partitions }) =>
        partitions.map(
          ({ partitionIndex, committedOffset }) =>
            [`${name}/${partitionIndex}`, committedOffset] as const,
        ),
      ),
    )
  }

  async #stopAll(): Promise<void> {
    for (const [at, life] of this.#lives.entries()) {
      if (life === undefined) continue
      try {
        await life.app.stop()
      } catch (error) {
        this.#wrong.push(`instance ${at} did not stop well: ${String(error)}`)
      }
    }
    this.#finished = false
  }

  async #judge(connection: Connection): Promise<void> {
    const output: CommittedRecord[] = []
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const log = await this.#read(connection, this.#subject.outputTopic, partition)
      output.push(...log.records)
      if (log.open > 0)
        this.#wrong.push(`${log.open} transactions are open on output partition ${partition}`)
    }
    const partitionOf = (key: string): number => partitionFor(Buffer.from(key), PARTITIONS)
    const outputs = output.map(({ partition, key, value, timestamp }) => ({
      partition,
      key: key ?? Buffer.alloc(0),
      value,
      timestamp,
    }))
    for (const record of output)
      this.#trace.add(
        'output',
        `${record.partition} ${record.offset} ${record.key} ${record.value?.toString('hex')}`,
      )
    this.#wrong.push(...this.#subject.check(this.#input, outputs, partitionOf))
  }

  async #read(
    connection: Connection,
    topic: string,
    partition: number,
  ): ReturnType<typeof committedLog> {
    // Leaders moved: whoever leads answers, the others say that they do not.
    for (const id of this.#broker.nodeIds) {
      const one = await this.#transport.connect(this.#broker.addressOf(id))
      try {
        const log = await committedLog(one, topic, partition)
        if (log.records.length > 0) return log
      } finally {
        await one.close()
      }
    }
    return committedLog(connection, topic, partition)
  }
}
