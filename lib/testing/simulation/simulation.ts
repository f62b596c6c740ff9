/**
 * One seed: a cluster, instances that are killed, paused and cut off as the plan says, input written
 * meanwhile, then calm. Afterwards everything must converge, and what an independent reader sees is
 * what the subject's oracle judges.
 */
import { seededRandom } from '../../core/random.ts'
import type { Transport } from '../../kafka/transport.ts'
import type { CrashPoint } from '../../runtime/crash-point.ts'
import type { Guarantee } from '../../runtime/options.ts'
import { MemoryDisk } from '../../state/memory.ts'
import type { Topology } from '../../topology/topology.ts'
import { Dice } from './dice.ts'
import { Life } from './life.ts'
import type { NetworkFaults } from './network.ts'
import type { Plan } from './plan.ts'
import { Trace } from './trace.ts'
import { VirtualTime } from './virtual-time.ts'
import type { SimulatedRecord } from './world.ts'
import { World } from './world.ts'

export interface SimulatedOutput {
  readonly partition: number
  readonly key: Buffer
  readonly value: Buffer | null
  readonly timestamp: number
}

/** What is run and how it is judged. */
export interface Subject {
  readonly name: string
  readonly topology: () => Topology
  readonly inputTopics: readonly string[]
  readonly outputTopic: string
  readonly input: (pick: (below: number) => number, count: number) => readonly SimulatedRecord[]
  /** What is wrong, in words. */
  readonly check: (
    input: readonly SimulatedRecord[],
    output: readonly SimulatedOutput[],
    partitionOf: (key: string) => number,
    guarantee: Guarantee,
  ) => readonly string[]
}

export interface SeedResult {
  readonly seed: number
  /** What is wrong, in words; empty when all is well. */
  readonly wrong: readonly string[]
  readonly trace: Trace
  /** How often an instance died at each crash point. */
  readonly deaths: ReadonlyMap<CrashPoint, number>
}

const START_MS = 1_800_000_000_000
const PARTITIONS = 2
const CALM: NetworkFaults = { loseRequest: 0, loseResponse: 0, delayRequest: 0 }
/** After the last fault all must be done within that: sessions, transactions, restores. */
const CONVERGE_MS = 180_000
const POLL_MS = 100
const RESTART_MS = 1000

/** `tamper` stands between each instance and the cluster: for bugs that are planted. */
export function simulateSeed(
  subject: Subject,
  plan: Plan,
  tamper: (door: Transport) => Transport = (door) => door,
): Promise<SeedResult> {
  return new Simulation(subject, plan, tamper).run()
}

class Simulation {
  readonly #subject: Subject
  readonly #plan: Plan
  readonly #tamper: (door: Transport) => Transport
  readonly #time = new VirtualTime(START_MS)
  readonly #trace = new Trace(this.#time)
  readonly #dice: Dice
  readonly #world: World
  readonly #disks: readonly MemoryDisk[]
  readonly #lives: (Life | undefined)[] = []
  readonly #births: number[] = []
  readonly #passed = new Map<string, number>()
  readonly #deaths = new Map<CrashPoint, number>()
  readonly #wrong: string[] = []
  readonly #input: readonly SimulatedRecord[]
  /** No more faults. */
  #calm = false
  /** No more lives. */
  #over = false

  constructor(subject: Subject, plan: Plan, tamper: (door: Transport) => Transport) {
    this.#subject = subject
    this.#plan = plan
    this.#tamper = tamper
    this.#dice = new Dice(plan.seed)
    this.#world = new World({
      time: this.#time,
      dice: this.#dice,
      transactionVersion: plan.transactionVersion,
      markerMs: plan.markerMs,
      topics: [...subject.inputTopics, subject.outputTopic],
      partitions: PARTITIONS,
    })
    this.#disks = Array.from({ length: plan.instances }, () => new MemoryDisk())
    const random = seededRandom(plan.seed)
    this.#input = subject.input((below) => Math.floor(random.next() * below), plan.records)
  }

  async run(): Promise<SeedResult> {
    let finished = false
    const script = this.#script()
      .catch((error: unknown) => this.#wrong.push(`the simulation itself failed: ${error}`))
      .then(() => {
        finished = true
      })
    const limit = START_MS + this.#plan.faultsMs + 2 * CONVERGE_MS
    const ended = await this.#time.run(limit, () => finished)
    if (ended === 'done') await script
    else this.#wrong.push(`it hangs (${ended})`)
    return {
      seed: this.#plan.seed,
      wrong: this.#wrong,
      trace: this.#trace,
      deaths: this.#deaths,
    }
  }

  async #script(): Promise<void> {
    const { instances, faultsMs } = this.#plan
    await this.#world.createTopics()
    this.#scheduleFaults()
    for (let at = 0; at < instances; at++) this.#start(at)
    await this.#world.feed(this.#input, faultsMs * 0.8)
    await this.#until('faults end', () => this.#time.now >= START_MS + faultsMs)
    this.#trace.add('world', 'faults end')
    this.#calm = true
    await this.#until('all input is committed', () => this.#isCommitted())
    await this.#stopAll()
    // Markers may be on their way, and who died with a transaction open and lost its disk has another
    // transactional id now: that one has to time out.
    await this.#until('the output is decided', async () => (await this.#output()).open === 0)
    await this.#judge()
    await this.#world.close()
  }

  #scheduleFaults(): void {
    const at = (ms: number, what: () => void): void => {
      this.#time.schedule(ms, () => {
        if (!this.#calm) what()
      })
    }
    const { kills, pauses, moves } = this.#plan
    for (const { instance, at: when } of kills)
      if ('timeMs' in when)
        at(when.timeMs, () => this.#lives[instance]?.kill(`after ${Math.round(when.timeMs)} ms`))
    for (const { instance, atMs, forMs } of pauses)
      at(atMs, () => this.#lives[instance]?.pause(forMs))
    for (const [index, { atMs, what }] of moves.entries())
      at(atMs, () => {
        const node = this.#world.move(what, this.#subject.name, this.#dice.roll('node', index))
        this.#trace.add('world', `${what} move to node ${node}`)
      })
  }

  #start(instance: number): void {
    const disk = this.#disks[instance]
    if (disk === undefined || this.#over) return
    const birth = (this.#births[instance] ?? 0) + 1
    this.#births[instance] = birth
    const name = `${String.fromCharCode(97 + instance)}${birth}`
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
      cluster: this.#tamper(this.#world.door(name)),
      network: () => (this.#calm ? CALM : this.#plan.network),
      dies: (point) => this.#dies(instance, point),
      onDeath: () => this.#restart(instance),
      // As a container would be: started again. What never comes up again does not converge.
      onFailure: () => this.#restart(instance),
    })
    this.#lives[instance] = life
    life.start()
  }

  #restart(instance: number): void {
    const kills = this.#plan.kills.filter((kill) => kill.instance === instance)
    const kill = kills[((this.#births[instance] ?? 1) - 1) % Math.max(1, kills.length)]
    if (kill?.wipe === true && !this.#calm) this.#disks[instance]?.replace()
    this.#lives[instance] = undefined
    const afterMs = this.#calm ? RESTART_MS : (kill?.restartAfterMs ?? RESTART_MS)
    this.#time.schedule(afterMs, () => this.#start(instance))
  }

  #dies(instance: number, point: CrashPoint): boolean {
    const name = `${instance} ${point}`
    const nth = (this.#passed.get(name) ?? 0) + 1
    this.#passed.set(name, nth)
    const dies =
      !this.#calm &&
      this.#plan.kills.some(
        ({ instance: of, at }) =>
          of === instance && 'point' in at && at.point === point && at.nth === nth,
      )
    if (dies) this.#deaths.set(point, (this.#deaths.get(point) ?? 0) + 1)
    return dies
  }

  /** Every record, of the input and of repartition topics, lies behind a committed offset (EO7). */
  async #isCommitted(): Promise<boolean> {
    const ends = new Map<string, number>()
    for (const { topic, key } of this.#input) {
      const name = `${topic}/${this.#world.partitionOf(key)}`
      ends.set(name, (ends.get(name) ?? 0) + 1)
    }
    const committed = await this.#world.committed(this.#subject.name)
    if (committed === undefined) return false
    const internal = [...committed.keys()].filter((name) => name.includes('-repartition/'))
    for (const [name, end] of await this.#world.ends(internal)) ends.set(name, end)
    return [...ends].every(([name, end]) => (committed.get(name) ?? -1) >= end)
  }

  async #until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const clock = this.#time.clock()
    for (let waited = 0; waited < CONVERGE_MS; waited += POLL_MS) {
      if (await holds()) return
      await clock.sleep(POLL_MS)
    }
    this.#wrong.push(`within ${CONVERGE_MS} ms of calm it did not happen that ${what}`)
  }

  async #stopAll(): Promise<void> {
    // Repartition topics are behind the input: a stop drains them before it is judged.
    for (const [at, life] of this.#lives.entries())
      try {
        await life?.app.stop({ drain: true })
      } catch (error) {
        this.#wrong.push(`instance ${at} did not stop well: ${error}`)
      }
    this.#over = true
  }

  #output(): ReturnType<World['read']> {
    return this.#world.read(this.#subject.outputTopic)
  }

  async #judge(): Promise<void> {
    const { records } = await this.#output()
    for (const { partition, offset, key, value } of records)
      this.#trace.add(
        'output',
        `${partition}@${offset} ${key?.toString('hex')} ${value?.toString('hex')}`,
      )
    const output = records.map(({ partition, key, value, timestamp }) => ({
      partition,
      key: key ?? Buffer.alloc(0),
      value,
      timestamp,
    }))
    const partitionOf = (key: string): number => this.#world.partitionOf(key)
    this.#wrong.push(...this.#subject.check(this.#input, output, partitionOf, this.#plan.guarantee))
  }
}
