/** Keys in the order of stores, which is that of their bytes. */
import { asBuffer } from '../core/bytes.ts'
import { EMPTY_HEADERS } from '../core/headers.ts'
import type { SerdeContext } from '../core/serde.ts'
import type { KeyedRow } from '../state/inner-stores.ts'
import type { StoreSpec } from '../state/store-spec.ts'

export class KeyBytes {
  readonly #spec: StoreSpec
  readonly #context: SerdeContext

  constructor(spec: StoreSpec) {
    this.#spec = spec
    this.#context = { topic: spec.name, part: 'key', headers: EMPTY_HEADERS }
  }

  of(key: unknown): Buffer {
    return asBuffer(this.#spec.key.serialize(key as never, this.#context))
  }

  compare(left: unknown, right: unknown): number {
    return Buffer.compare(this.of(left), this.of(right))
  }
}

interface Source<R> {
  readonly rows: AsyncIterator<R>
  next: R
}

/** Sorted rows of several tasks as one sorted sequence. */
export async function* mergeRows<R extends KeyedRow<unknown, unknown>>(
  all: readonly AsyncIterable<R>[],
  order: KeyBytes,
  { reverse = false, limit = Number.POSITIVE_INFINITY }: MergeOptions,
): AsyncIterable<R> {
  const sources: Source<R>[] = []
  for (const iterable of all) {
    const rows = iterable[Symbol.asyncIterator]()
    const first = await rows.next()
    if (first.done !== true) sources.push({ rows, next: first.value })
  }
  const sign = reverse ? -1 : 1
  for (let left = limit; left > 0 && sources.length > 0; left--) {
    sources.sort((a, b) => sign * order.compare(a.next.key, b.next.key))
    const [source] = sources
    if (source === undefined) return
    yield source.next
    const next = await source.rows.next()
    if (next.done === true) sources.shift()
    else source.next = next.value
  }
  for (const { rows } of sources) await rows.return?.()
}

interface MergeOptions {
  readonly reverse?: boolean
  readonly limit?: number
}
