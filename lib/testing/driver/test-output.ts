/** The way out of the topology under test: each reader reads its topic from the beginning. */
import { mapKey } from '../../core/bytes.ts'
import type { RecordHeaders } from '../../core/headers.ts'
import type { StreamRecord } from '../../core/record.ts'
import type { Serde } from '../../core/serde.ts'
import type { MemoryTopics, StoredRecord } from './memory-topics.ts'
import type { Sides } from './test-input.ts'

export class TestOutput<in out K, in out V> {
  // Never there: it keeps two outputs of other types apart.
  declare protected readonly key: K
  readonly #topics: MemoryTopics
  readonly #topic: string
  readonly #serdes: Sides<K, V>
  #next = 0

  constructor(topics: MemoryTopics, topic: string, serdes: Sides<K, V>) {
    this.#topics = topics
    this.#topic = topic
    this.#serdes = serdes
  }

  /** Records that were not read yet. */
  get size(): number {
    return this.#topics.end(this.#topic) - this.#next
  }

  /** The next record, or `undefined`. */
  read(): StreamRecord<K, V> | undefined {
    const record = this.#topics.records(this.#topic)[this.#next]
    if (record === undefined) return undefined
    this.#next++
    return this.#decode(record)
  }

  readAll(): readonly StreamRecord<K, V>[] {
    return this.#rest().map((record) => this.#decode(record))
  }

  readValues(): readonly V[] {
    return this.readAll().map(({ value }) => value)
  }

  /** Latest value per key, null for deleted ones. Keys are compared as bytes. */
  readTable(): readonly (readonly [key: K, value: V])[] {
    const latest = new Map<string | null, StoredRecord>()
    for (const record of this.#rest()) {
      const key = record.key === null ? null : mapKey(record.key)
      // A key comes where it was last told, so that the order is that of the changes.
      latest.delete(key)
      latest.set(key, record)
    }
    return [...latest.values()].map((record) => {
      const { key, value } = this.#decode(record)
      return [key, value] as const
    })
  }

  #rest(): readonly StoredRecord[] {
    const records = this.#topics.records(this.#topic).slice(this.#next)
    this.#next += records.length
    return records
  }

  #decode({ key, value, timestamp, headers }: StoredRecord): StreamRecord<K, V> {
    return {
      key: this.#part('key', this.#serdes.key, key, headers),
      value: this.#part('value', this.#serdes.value, value, headers),
      timestamp,
      headers,
    }
  }

  #part<T>(
    part: 'key' | 'value',
    serde: Serde<T> | undefined,
    data: Buffer | null,
    headers: RecordHeaders,
  ): T {
    // Without a serde T is bytes or null, and a tombstone is null whatever the serde.
    if (data === null || serde === undefined) return data as T
    return serde.deserialize(data, { topic: this.#topic, part, headers })
  }
}
