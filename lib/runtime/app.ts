/**
 * The life of an application: started once, stopped once, and what is said about it meanwhile.
 *
 * It owns the state machine, the deadline of a stop, and the order in which the outside world is
 * opened and closed; the work is the worker's. Used once: after `stop` a new one is made.
 */
import { type Duration, milliseconds } from '../core/duration.ts'
import { ConfigError, FatalError, type StreamsError } from '../core/errors.ts'
import { Lifecycle } from '../core/lifecycle.ts'
import type { Transport } from '../kafka/transport.ts'
import type { StateDirectory } from '../state/state-directory.ts'
import type { Queryable } from '../state/stores.ts'
import { AppEvents } from './app-events.ts'
import { noProgress } from './progress.ts'
import type { Settings } from './settings.ts'
import type { Signals } from './signals.ts'
import type {
  Progress,
  Status,
  StopOptions,
  StopResult,
  StreamsEvents,
  StreamsState,
} from './status.ts'
import { storeQuery } from './store-query.ts'
import { asStreamsError } from './unexpected.ts'
import { type StopMode, Worker } from './worker.ts'
import type { WorkerOptions } from './worker-parts.ts'

/** After a stop was forced: for what does not answer even then. */
const LAST_GRACE_MS = 5000

const NEXT: Readonly<Record<StreamsState, readonly StreamsState[]>> = {
  created: ['rebalancing', 'stopped', 'failed'],
  rebalancing: ['running', 'paused', 'stopping', 'failed'],
  running: ['rebalancing', 'paused', 'stopping', 'failed'],
  paused: ['rebalancing', 'running', 'stopping', 'failed'],
  stopping: ['stopped', 'failed'],
  stopped: [],
  failed: [],
}

const NOTHING_LEFT: StopResult = { drained: true, aborted: false, leftBehind: 0 }

/** Everything outside that an instance opens when it starts and closes when it ends. */
export interface World {
  readonly transport: Transport
  readonly directory: StateDirectory
}

export interface AppOptions
  extends Omit<WorkerOptions, 'transport' | 'directory' | 'onPhase' | 'onProgress' | 'onRestored'> {
  readonly settings: Settings
  readonly signals: Signals
  /** Called at the start; what it opened is closed by {@link AppOptions.close}. */
  readonly open: () => Promise<World>
  readonly close: (world: World) => Promise<void>
}

export class App {
  readonly #options: AppOptions
  readonly #lifecycle = new Lifecycle<StreamsState>(NEXT, 'created')
  readonly #events: AppEvents
  #worker: Worker | undefined
  #error: StreamsError | undefined
  #paused = false
  /** A wish that came before there was a worker to tell. */
  #stopMode: StopMode | undefined
  #ended: Promise<StopResult> | undefined
  #result: StopResult | undefined
  #running: (() => void) | undefined

  constructor(options: AppOptions) {
    this.#options = options
    this.#events = new AppEvents(options.logger)
  }

  get state(): StreamsState {
    return this.#lifecycle.state
  }

  get worker(): Worker | undefined {
    return this.#worker
  }

  /** Resolves when every task that was assigned is running, or when it was stopped before. */
  async start(): Promise<void> {
    const ended = this.#begin()
    const running = new Promise<void>((resolve) => {
      this.#running = resolve
    })
    await Promise.race([running, ended])
  }

  /** Resolves after a graceful stop, rejects on a fatal error. SIGTERM and SIGINT stop it. */
  async run(): Promise<void> {
    const ended = this.#begin()
    let heard = 0
    const unlisten = this.#options.signals.listen(() => {
      // The second one is from somebody who does not want to wait.
      const stopping = this.stop(heard++ === 0 ? {} : { graceful: false })
      stopping.catch(() => undefined)
    })
    try {
      await ended
    } finally {
      unlisten()
    }
  }

  async stop(options: StopOptions = {}): Promise<StopResult> {
    const { clock, settings } = this.#options
    const timeoutMs =
      options.timeout === undefined
        ? settings.stopTimeoutMs
        : milliseconds(options.timeout, 'stop({ timeout })')
    if (this.state === 'created') this.#to('stopped')
    if (this.#ended === undefined) return NOTHING_LEFT
    if (this.#result !== undefined) return this.#result
    if (this.#lifecycle.can('stopping')) this.#to('stopping')
    this.#tell(options.graceful === false ? 'abort' : options.drain === true ? 'drain' : 'commit')
    const forced = clock.timer(timeoutMs, () => this.#tell('abort'))
    let expire: ((error: FatalError) => void) | undefined
    const overdue = new Promise<never>((_resolve, reject) => {
      expire = reject
    })
    const last = clock.timer(timeoutMs + LAST_GRACE_MS, () => expire?.(stuck(timeoutMs)))
    try {
      return await Promise.race([this.#ended, overdue])
    } finally {
      forced.cancel()
      last.cancel()
    }
  }

  pause(): void {
    this.#paused = true
    this.#worker?.pause()
    if (this.state === 'running') this.#to('paused')
  }

  resume(): void {
    this.#paused = false
    this.#worker?.resume()
    if (this.state === 'paused') this.#to('running')
  }

  /** True when it has stopped, false when it still runs at the timeout; rejects on a fatal error. */
  async awaitTermination(timeout?: Duration): Promise<boolean> {
    if (this.#ended === undefined) return this.state === 'stopped'
    const ended = this.#ended.then(() => true)
    if (timeout === undefined) return ended
    const waits = new AbortController()
    const ms = milliseconds(timeout, 'awaitTermination(timeout)')
    const late = this.#options.clock.sleep(ms, waits.signal).then(() => false)
    try {
      return await Promise.race([ended, late])
    } finally {
      waits.abort()
    }
  }

  exception(): StreamsError | undefined {
    return this.#error
  }

  status(): Status {
    return {
      state: this.state,
      tasks: this.#worker?.tasks() ?? [],
      error: this.#error,
      message: this.#error?.message ?? this.#worker?.message ?? this.state,
      isDataAvailable: this.#worker?.isDataAvailable ?? false,
      behind: this.#worker?.progress.behind ?? false,
    }
  }

  /** The last report; zeros before the first one. */
  progress(): Progress {
    const last = this.recentProgress.at(-1)
    if (last !== undefined) return last
    const { clock, settings } = this.#options
    return noProgress(settings.applicationId, clock)
  }

  /** The rows that this instance's tasks have now; each call of the view looks them up anew. */
  store<Q>(store: Queryable<Q>): Q {
    const { name, spec } = store.handle
    if (!this.#options.program.stores.has(name))
      throw new ConfigError(
        'INVALID_OPTION',
        `this topology has no store '${name}': ask with the table or handle that it was built with`,
      )
    const stores = async (): Promise<readonly unknown[]> => this.#worker?.stores(name) ?? []
    // The handle says which view its store has.
    return storeQuery(spec, stores) as Q
  }

  /** The latest last. */
  get recentProgress(): readonly Progress[] {
    return this.#worker?.progress.recent ?? []
  }

  on<E extends keyof StreamsEvents>(event: E, listener: StreamsEvents[E]): Disposable {
    return this.#events.on(event, listener)
  }

  #begin(): Promise<StopResult> {
    if (this.state === 'stopped' || this.state === 'failed' || this.state === 'stopping')
      throw new ConfigError(
        'STOPPED',
        'this application was stopped and cannot be started again: make a new Streams',
      )
    if (this.state !== 'created')
      throw new ConfigError('STARTED', 'this application is started already: start it once')
    this.#to('rebalancing')
    this.#ended = this.#live()
    // Whoever waits for it gets the error; nobody may be waiting.
    this.#ended.catch(() => undefined)
    return this.#ended
  }

  async #live(): Promise<StopResult> {
    const { open, close } = this.#options
    let world: World | undefined
    try {
      world = await open()
      // Another process took the directory over: what is open here must not be written any more.
      world.directory.lost.catch((error: unknown) => {
        this.#error ??= asStreamsError(error)
        this.#tell('abort')
      })
      this.#worker = this.#createWorker(world)
      this.#result = await this.#worker.run()
    } catch (error) {
      this.#error = asStreamsError(error)
      this.#options.logger.error({ code: this.#error.code }, this.#error.message)
    }
    try {
      if (world !== undefined) await close(world)
    } catch (error) {
      this.#error ??= asStreamsError(error)
    }
    if (this.#error !== undefined) {
      if (this.#lifecycle.can('failed')) this.#to('failed')
      throw this.#error
    }
    if (this.#lifecycle.can('stopping')) this.#to('stopping')
    this.#to('stopped')
    return this.#result ?? NOTHING_LEFT
  }

  #createWorker(world: World): Worker {
    const { lost } = world.directory
    const worker = new Worker({
      ...this.#options,
      ...world,
      onPhase: (phase) => this.#phase(phase),
      onProgress: (progress) => this.#events.progress(progress),
      onRestored: (store, rows) => this.#events.restored(store, rows),
    })
    lost.catch((error: unknown) => worker.fail(error))
    if (this.#paused) worker.pause()
    if (this.#stopMode !== undefined) worker.stop(this.#stopMode)
    return worker
  }

  #phase(phase: 'rebalancing' | 'running'): void {
    if (phase === 'running') this.#running?.()
    const next = phase === 'running' && this.#paused ? 'paused' : phase
    if (this.state !== next && this.#lifecycle.can(next)) this.#to(next)
  }

  #tell(mode: StopMode): void {
    this.#stopMode = mode
    this.#worker?.stop(mode)
  }

  #to(next: StreamsState): void {
    const before = this.state
    this.#lifecycle.to(next)
    this.#events.state(next, before)
  }
}

function stuck(timeoutMs: number): FatalError {
  return new FatalError(
    'STOP_TIMEOUT',
    `the application did not stop within ${timeoutMs} ms (stopTimeout), nor when it was forced: a callback blocks, or a connection does not close. End the process; nothing committed is lost`,
  )
}
