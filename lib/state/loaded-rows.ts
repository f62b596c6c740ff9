/**
 * Restored rows on their way into a batch of LevelDB: the batches that were fetched are kept, and
 * their rows are encoded one by one as they are asked for.
 *
 * They are sorted by a few bytes of their keys: LevelDB takes rows that are nearly in order in half
 * the time. Rows of one key stay in the order in which they came.
 */
import { EMPTY } from '../core/bytes.ts'
import { EMPTY_HEADERS } from '../core/headers.ts'
import type { RecordView } from '../core/record-view.ts'
import type { SerdeContext } from '../core/serde.ts'
import type { DecodeAt } from '../core/serdes/positional.ts'
import type { ByteOperation } from './byte-store.ts'
import { encodeRowAt, rowBytes, STORE_NUMBER_BYTES } from './row.ts'
import { Scratch } from './scratch.ts'

/** Of a row, in the tables of its batch and of this. */
const ROW_BYTES = 64
/** More rows are not sorted: a number has room for four bytes of a key and so many places. */
const MAX_SORTED = 1 << 21
const MAX_SHARED = 255
/** Bytes of any kind; for who decodes where they lie. */
const CONTEXT: SerdeContext = { topic: '', part: 'value', headers: EMPTY_HEADERS }

export class LoadedRows implements Iterable<ByteOperation> {
  readonly #number: number
  #views: RecordView[] = []
  /** Of each row: its view, and its index there. */
  #viewOf: number[] = []
  #indexOf: number[] = []
  #bytes = 0
  #memory: ArrayBufferLike | undefined
  /** What all keys begin with; not known without any. */
  #shared: Buffer | undefined
  #sharedLength = 0
  /** Of the row that is being encoded. */
  #key: Buffer = EMPTY
  #timestamp = 0
  readonly #keys = new Scratch()
  readonly #values = new Scratch()

  constructor(number: number) {
    this.#number = number
  }

  get count(): number {
    return this.#viewOf.length
  }

  /** Of memory: of the rows as they will be in the batch, and of the fetch answers that they keep. */
  get bytes(): number {
    return this.#bytes
  }

  /** Takes a row; whether it has a value. Undefined: it has no key, and is nobody's. */
  add(view: RecordView, index: number): boolean | undefined {
    const keyLength = decodeKey(view, index, this.#seeKey)
    if (keyLength === null) return undefined
    const valueLength = decodeValue(view, index, lengthOf)
    if (this.#views.at(-1) !== view) this.#keep(view)
    this.#viewOf.push(this.#views.length - 1)
    this.#indexOf.push(index)
    this.#bytes += (keyLength as number) + ((valueLength as number | null) ?? 0) + ROW_BYTES
    return valueLength !== null
  }

  /** Takes over what came after. */
  append(later: LoadedRows): void {
    for (let row = 0; row < later.count; row++)
      this.add(later.#viewAt(row), later.#indexOf[row] as number)
  }

  *[Symbol.iterator](): Iterator<ByteOperation> {
    const order = this.#order()
    for (let at = 0; at < this.count; at++) {
      const row = order === undefined ? at : (order[at] as number) % MAX_SORTED
      const view = this.#viewAt(row)
      const index = this.#indexOf[row] as number
      const key = decodeKey(view, index, this.#writeKey) as Buffer
      this.#key = key
      this.#timestamp = view.timestamp(index)
      const value = decodeValue(view, index, this.#writeValue) as Buffer | null
      yield value === null ? { type: 'del', key } : { type: 'put', key, value }
    }
  }

  #viewAt(row: number): RecordView {
    return this.#views[this.#viewOf[row] as number] as RecordView
  }

  #keep(view: RecordView): void {
    this.#views.push(view)
    if (view.memory === undefined || view.memory === this.#memory) return
    this.#memory = view.memory
    this.#bytes += view.memory.byteLength
  }

  /** Of each row in its turn: four bytes of its key, then its number. Undefined: as they came. */
  #order(): Float64Array | undefined {
    const { count } = this
    if (count > MAX_SORTED) return undefined
    const order = new Float64Array(count)
    let isSorted = true
    for (let row = 0, before = 0; row < count; row++) {
      const head = decodeKey(this.#viewAt(row), this.#indexOf[row] as number, this.#head) as number
      const place = head * MAX_SORTED + row
      order[row] = place
      isSorted &&= place >= before
      before = place
    }
    return isSorted ? undefined : order.sort()
  }

  readonly #seeKey: DecodeAt = (body, from, to) => {
    if (this.#shared === undefined) {
      this.#shared = Buffer.from(body.subarray(from, Math.min(to, from + MAX_SHARED)))
      this.#sharedLength = this.#shared.length
    }
    const limit = Math.min(this.#sharedLength, to - from)
    let same = 0
    while (same < limit && body[from + same] === this.#shared[same]) same++
    this.#sharedLength = same
    return to - from
  }

  /** The four bytes behind what all keys begin with. */
  readonly #head: DecodeAt = (body, from, to) => {
    let head = 0
    const start = from + this.#sharedLength
    for (let at = start; at < start + 4; at++) head = head * 256 + (at < to ? (body[at] ?? 0) : 0)
    return head
  }

  readonly #writeKey: DecodeAt = (body, from, to) => {
    const key = this.#keys.of(STORE_NUMBER_BYTES + to - from)
    key[0] = this.#number >>> 8
    key[1] = this.#number
    const length = to - from
    for (let at = 0; at < length; at++) key[STORE_NUMBER_BYTES + at] = body[from + at] as number
    return key
  }

  readonly #writeValue: DecodeAt = (body, from, to) => {
    const value = this.#values.of(rowBytes(to - from))
    encodeRowAt(value, this.#key, body, from, to, this.#timestamp)
    return value
  }
}

function lengthOf(_body: Buffer, from: number, to: number): number {
  return to - from
}

function decodeKey(view: RecordView, index: number, decode: DecodeAt): unknown {
  if (view.decodeKey !== undefined) return view.decodeKey(index, decode, CONTEXT)
  const key = view.key(index)
  return key === null ? null : decode(key, 0, key.length, CONTEXT)
}

function decodeValue(view: RecordView, index: number, decode: DecodeAt): unknown {
  if (view.decodeValue !== undefined) return view.decodeValue(index, decode, CONTEXT)
  const value = view.value(index)
  return value === null ? null : decode(value, 0, value.length, CONTEXT)
}
