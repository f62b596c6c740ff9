/**
 * What the record in hand has written so far.
 *
 * Where a failed record must leave nothing it is held back until the record is finished; otherwise
 * it goes straight on, for a failure then ends the span anyway.
 */
import type { RecordHeaders } from '../core/headers.ts'
import type { RecordMetadata } from '../core/record.ts'
import type { Collector, OutputBytes } from './collector.ts'

type Sent = Parameters<Collector['send']>

/** Bytes may be the user's, who goes on writing to them. */
function own(bytes: OutputBytes | null): OutputBytes | null {
  return bytes === null || typeof bytes === 'string' ? bytes : Buffer.from(bytes)
}

export class Outputs {
  readonly #collector: Collector
  readonly #holds: boolean
  #held: Sent[] = []
  /** Sent on so far, for whoever wants to know whether there was anything. */
  sent = 0

  constructor(collector: Collector, holds: boolean) {
    this.#collector = collector
    this.#holds = holds
  }

  send(
    topic: string,
    partition: number,
    key: OutputBytes | null,
    value: OutputBytes | null,
    timestamp: number,
    headers: RecordHeaders | undefined,
    origin: RecordMetadata | undefined,
  ): void {
    if (this.#holds) {
      const of = origin === undefined ? undefined : { ...origin }
      this.#held.push([topic, partition, own(key), own(value), timestamp, headers, of])
      return
    }
    this.sent++
    this.#collector.send(topic, partition, key, value, timestamp, headers, origin)
  }

  /** The record is finished. */
  release(): void {
    if (this.#held.length === 0) return
    for (const output of this.#held) this.#collector.send(...output)
    this.sent += this.#held.length
    this.#held = []
  }

  /** How much is held back, for `rollback`. */
  mark(): number {
    return this.#held.length
  }

  /** What was written since the mark is dropped. */
  rollback(mark: number): void {
    this.#held.length = mark
  }
}
