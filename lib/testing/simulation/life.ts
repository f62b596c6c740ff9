/**
 * One life of one process: the unchanged runtime and client over a faulty network, on a disk that
 * outlives it. It ends by a kill, at a crash point or in between, or by a stop.
 */
import type { Transport } from '../../kafka/transport.ts'
import { App } from '../../runtime/app.ts'
import type { CrashPoint } from '../../runtime/crash-point.ts'
import { fingerprintOf } from '../../runtime/fingerprint.ts'
import { MetricsRegistry } from '../../runtime/metrics-registry.ts'
import type { RuntimeOptions } from '../../runtime/options.ts'
import { settingsOf } from '../../runtime/settings.ts'
import { NO_SIGNALS } from '../../runtime/signals.ts'
import type { MemoryDisk } from '../../state/memory.ts'
import { subTopologies } from '../../topology/sub-topologies.ts'
import type { Topology } from '../../topology/topology.ts'
import { programOf } from '../../topology/topology.ts'
import type { Dice } from './dice.ts'
import type { NetworkFaults } from './network.ts'
import { simulatedTransport } from './network.ts'
import type { Trace } from './trace.ts'
import { traceLogger } from './trace.ts'
import type { VirtualTime } from './virtual-time.ts'
import { ProcessClock } from './virtual-time.ts'

export interface LifeOptions {
  /** The instance and the count of its lives, as `a2`. */
  readonly name: string
  readonly topology: () => Topology
  readonly settings: RuntimeOptions
  readonly time: VirtualTime
  readonly dice: Dice
  readonly trace: Trace
  readonly disk: MemoryDisk
  readonly cluster: Transport
  readonly network: () => NetworkFaults
  /** Asked at each crash point; true kills. */
  readonly dies: (point: CrashPoint) => boolean
  readonly onDeath: () => void
  /** The application gave up by itself. */
  readonly onFailure: (error: unknown) => void
}

export class Life {
  readonly app: App
  readonly #clock: ProcessClock
  readonly #options: LifeOptions

  constructor(options: LifeOptions) {
    this.#options = options
    const { name, time, dice, trace, disk, topology } = options
    const clock = new ProcessClock(time, Math.floor(dice.between(-500, 500, name, 'wall clock')))
    const random = dice.stream(name, 'random')
    const logger = traceLogger(trace, name)
    const program = programOf(topology())
    const parts = subTopologies(program)
    this.#clock = clock
    this.app = new App({
      settings: settingsOf(options.settings),
      program,
      subTopologies: parts,
      fingerprint: fingerprintOf(parts),
      clock,
      random,
      logger,
      metrics: new MetricsRegistry(),
      clientId: name,
      requestTimeoutMs: 3000,
      hooks: { at: (point) => this.#passes(point) },
      signals: NO_SIGNALS,
      open: async () => ({
        directory: disk.start(random),
        transport: simulatedTransport({
          cluster: options.cluster,
          time,
          process: clock,
          name,
          dice,
          trace,
          faults: options.network,
        }),
      }),
      close: async ({ transport, directory }) => {
        await transport.close()
        await directory.close()
      },
    })
  }

  start(): void {
    this.#options.trace.add(this.#options.name, 'starts')
    this.app.run().catch((error: unknown) => {
      if (this.#clock.alive) this.#options.onFailure(error)
    })
  }

  pause(forMs: number): void {
    this.#options.trace.add(this.#options.name, `pauses for ${Math.round(forMs)} ms`)
    this.#clock.pause(forMs)
  }

  kill(why: string): void {
    if (!this.#clock.alive) return
    this.#options.trace.add(this.#options.name, `is killed ${why}`)
    this.#clock.kill()
    this.#options.onDeath()
  }

  #passes(point: CrashPoint): Promise<void> | undefined {
    if (!this.#options.dies(point)) return undefined
    this.kill(`at ${point}`)
    // What awaits this never goes on, as after kill -9.
    return new Promise(() => undefined)
  }
}
