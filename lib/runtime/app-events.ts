/** Listeners of an application. What one throws is logged: it may not stop the stream. */
import { messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { Progress, StreamsEvents, StreamsState } from './status.ts'

type Listeners = { readonly [E in keyof StreamsEvents]: Set<StreamsEvents[E]> }

export class AppEvents {
  readonly #logger: Logger
  readonly #listeners: Listeners = { state: new Set(), progress: new Set(), restored: new Set() }

  constructor(logger: Logger) {
    this.#logger = logger
  }

  on<E extends keyof StreamsEvents>(event: E, listener: StreamsEvents[E]): Disposable {
    const listeners: Set<StreamsEvents[E]> = this.#listeners[event]
    listeners.add(listener)
    return { [Symbol.dispose]: () => void listeners.delete(listener) }
  }

  state(state: StreamsState, before: StreamsState): void {
    for (const listener of this.#listeners.state) this.#guard(() => listener(state, before))
  }

  progress(progress: Progress): void {
    for (const listener of this.#listeners.progress) this.#guard(() => listener(progress))
  }

  restored(store: string, rows: number): void {
    for (const listener of this.#listeners.restored) this.#guard(() => listener(store, rows))
  }

  #guard(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#logger.error({ reason: messageOf(error) }, 'a listener threw')
    }
  }
}
