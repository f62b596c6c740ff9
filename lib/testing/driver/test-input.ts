/** The way into the topology under test: records with types, bytes behind them. */
import { asBuffer } from '../../core/bytes.ts'
import type { RecordHeaders } from '../../core/headers.ts'
import { EMPTY_HEADERS, toRecordHeaders } from '../../core/headers.ts'
import type { NewRecord } from '../../core/record.ts'
import type { Serde } from '../../core/serde.ts'
import type { DriverEngine } from './driver-engine.ts'

/** Serdes of a topic; a side without one is bytes. */
export interface Sides<K, V> {
  readonly key: Serde<K> | undefined
  readonly value: Serde<V> | undefined
}

export class TestInput<in out K, in out V> {
  // Never there: they keep two inputs of other types apart.
  declare protected readonly key: K
  declare protected readonly value: V
  readonly #engine: DriverEngine
  readonly #topic: string
  readonly #serdes: Sides<K, V>

  constructor(engine: DriverEngine, topic: string, serdes: Sides<K, V>) {
    this.#engine = engine
    this.#topic = topic
    this.#serdes = serdes
  }

  /** One after the other, each processed to the end and committed: one commit per record piped. */
  async pipe(...records: readonly NewRecord<K, V>[]): Promise<void> {
    for (const { key, value, timestamp, headers } of records) {
      const written = headers === undefined ? EMPTY_HEADERS : toRecordHeaders(headers).copy()
      await this.#engine.pipe(this.#topic, {
        key: this.#encode('key', this.#serdes.key, key, written),
        value: this.#encode('value', this.#serdes.value, value, written),
        timestamp: timestamp ?? this.#engine.clock.now(),
        headers: written,
      })
    }
  }

  #encode<T>(
    part: 'key' | 'value',
    serde: Serde<T> | undefined,
    data: T,
    headers: RecordHeaders,
  ): Buffer | null {
    if (data === null) return null
    if (serde !== undefined) {
      const bytes = serde.serialize(data, { topic: this.#topic, part, headers })
      return Buffer.from(asBuffer(bytes))
    }
    if (data instanceof Uint8Array) return Buffer.from(data)
    throw new TypeError(
      `the ${part} for '${this.#topic}' is of type ${typeof data}: give its serde to driver.input()`,
    )
  }
}
