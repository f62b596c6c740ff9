/**
 * What happened in a run, in order: for people as a timeline, for machines as a hash that is equal
 * exactly when two runs were.
 */
import { createHash } from 'node:crypto'
import type { Logger } from '../../core/logger.ts'
import type { VirtualTime } from './virtual-time.ts'

export class Trace {
  readonly #time: VirtualTime
  readonly #start: number
  readonly #lines: string[] = []

  constructor(time: VirtualTime) {
    this.#time = time
    this.#start = time.now
  }

  add(who: string, what: string): void {
    const at = (this.#time.now - this.#start).toFixed(2).padStart(10)
    this.#lines.push(`${at}  ${who.padEnd(6)} ${what}`)
  }

  get lines(): readonly string[] {
    return this.#lines
  }

  hash(): string {
    return createHash('sha256').update(this.#lines.join('\n')).digest('hex')
  }
}

/** The log of a process as lines of the trace; what is of no interest to people is left out. */
export function traceLogger(trace: Trace, who: string): Logger {
  const line = (level: string) => (fields: object, message: string) => {
    const code = 'code' in fields ? ` ${String(fields.code)}` : ''
    trace.add(who, `${level}${code}: ${message}`)
  }
  return {
    error: line('error'),
    warn: line('warn'),
    info: line('info'),
    debug: () => undefined,
  }
}
