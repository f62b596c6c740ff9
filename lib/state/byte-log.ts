/**
 * Keys and values of rows, as bytes outside the heap of the engine, where no collector walks through
 * them. Chunks are only ever written at their end, so a view of one stays what it is; a chunk goes when
 * nothing in it is in use.
 *
 * A ref is the number of a chunk and a place in it, in units of 8 bytes: an int32 length, then the bytes.
 */
import { type Chars, latin1At, writeChars } from '../core/bytes.ts'
import { FatalError } from '../core/errors.ts'

const UNIT_BITS = 3
/** Units of a chunk, in the low bits of a ref; what is larger has a chunk of its own. */
const PLACE_BITS = 15
const PLACE_MASK = 2 ** PLACE_BITS - 1
const CHUNK_BYTES = 2 ** (PLACE_BITS + UNIT_BITS)
/** The first chunk is this large and each further one twice as large, so that small stores stay small. */
const FIRST_CHUNK_BYTES = 4096
const HEAD = 4
/** Fewer bytes are copied one by one: a call into a binary costs more. */
const FEW = 24
/** Of chunks, whose number has the high bits of a ref: 32 GB at least. */
const MAX_CHUNKS = 2 ** (32 - PLACE_BITS)
/** Less waste is not worth a walk through all rows. */
const MIN_WASTE_BYTES = 4 * 1024 * 1024

interface Chunk {
  readonly bytes: Buffer
  /** The same memory. */
  readonly ints: Int32Array
  used: number
  live: number
}

export class ByteLog {
  readonly #chunks: (Chunk | undefined)[] = []
  /** Numbers of chunks that are gone. */
  readonly #vacant: number[] = []
  #current = -1
  #nextBytes = FIRST_CHUNK_BYTES
  #used = 0
  #live = 0
  /** Released while a batch reads; undefined: none does. */
  #held: number[] | undefined
  readonly #maxChunks: number

  constructor(maxChunks: number = MAX_CHUNKS) {
    this.#maxChunks = maxChunks
  }

  /** Throws FatalError INTERNAL when there are more bytes than refs for them. */
  append(chars: Chars): number {
    const ref = this.reserve(chars.length)
    const { bytes } = this.#chunk(ref)
    const at = this.offset(ref)
    if (typeof chars === 'string') writeChars(bytes, chars, at)
    else bytes.set(chars, at)
    return ref
  }

  /** Room for so many bytes, which the caller writes before anybody reads them. */
  reserve(length: number): number {
    const size = sizeOf(length)
    let chunk = this.#chunks[this.#current]
    if (chunk === undefined || chunk.used + size > chunk.bytes.length) chunk = this.#grow(size)
    const { used } = chunk
    chunk.ints[used >> 2] = length
    chunk.used += size
    chunk.live += size
    this.#used += size
    this.#live += size
    return (this.#current << PLACE_BITS) | (used >> UNIT_BITS)
  }

  length(ref: number): number {
    return this.#chunk(ref).ints[(ref & PLACE_MASK) << 1] as number
  }

  /** The memory that has these bytes, from {@link offset} on. Never to be written to. */
  memory(ref: number): Buffer {
    return this.#chunk(ref).bytes
  }

  offset(ref: number): number {
    return ((ref & PLACE_MASK) << UNIT_BITS) + HEAD
  }

  /** Never to be written to. */
  view(ref: number): Buffer {
    const from = this.offset(ref)
    return this.#chunk(ref).bytes.subarray(from, from + this.length(ref))
  }

  copy(ref: number, to: Buffer, at: number): void {
    const { bytes } = this.#chunk(ref)
    const from = this.offset(ref)
    const length = this.length(ref)
    if (length > FEW) bytes.copy(to, at, from, from + length)
    else for (let index = 0; index < length; index++) to[at + index] = bytes[from + index] as number
  }

  /** One char a byte. */
  text(ref: number): string {
    const from = this.offset(ref)
    return latin1At(this.#chunk(ref).bytes, from, from + this.length(ref))
  }

  /** Whether the bytes are these, one char each, without so many at either end. */
  is(ref: number, text: string, head: number, tail: number): boolean {
    if (this.length(ref) !== text.length + head + tail) return false
    const { bytes } = this.#chunk(ref)
    const from = this.offset(ref) + head
    for (let at = 0; at < text.length; at++)
      if (bytes[from + at] !== text.charCodeAt(at)) return false
    return true
  }

  /** Nobody asks for these bytes any more. */
  release(ref: number): void {
    if (this.#held !== undefined) {
      this.#held.push(ref)
      return
    }
    const number = ref >>> PLACE_BITS
    const chunk = this.#chunk(ref)
    const size = sizeOf(this.length(ref))
    chunk.live -= size
    this.#live -= size
    if (chunk.live === 0 && number !== this.#current) this.#drop(number, chunk)
  }

  /** From now on nothing that is in use goes or moves, until {@link letGo}. */
  hold(): void {
    this.#held ??= []
  }

  letGo(): void {
    const held = this.#held
    this.#held = undefined
    for (const ref of held ?? []) this.release(ref)
  }

  /** There is more waste than bytes in use: whoever has refs should have each of them {@link moved}. */
  get isWasteful(): boolean {
    const waste = this.#used - this.#live
    return this.#held === undefined && waste > Math.max(this.#live, MIN_WASTE_BYTES)
  }

  /** The ref of the same bytes from now on: another one if their chunk is mostly waste. */
  moved(ref: number): number {
    const chunk = this.#chunk(ref)
    if (ref >>> PLACE_BITS === this.#current || chunk.live * 2 > chunk.used) return ref
    const next = this.append(this.view(ref))
    this.release(ref)
    return next
  }

  clear(): void {
    this.#chunks.length = 0
    this.#vacant.length = 0
    this.#current = -1
    this.#nextBytes = FIRST_CHUNK_BYTES
    this.#used = 0
    this.#live = 0
    this.#held = undefined
  }

  #chunk(ref: number): Chunk {
    // A ref is that of something in use.
    return this.#chunks[ref >>> PLACE_BITS] as Chunk
  }

  #grow(size: number): Chunk {
    const number = this.#current
    const full = this.#chunks[number]
    const bytes = Buffer.allocUnsafeSlow(Math.max(size, this.#nextBytes))
    const chunk = { bytes, ints: new Int32Array(bytes.buffer), used: 0, live: 0 }
    this.#nextBytes = Math.min(this.#nextBytes * 2, CHUNK_BYTES)
    const next = this.#vacant.pop() ?? this.#chunks.length
    if (next >= this.#maxChunks)
      throw new FatalError(
        'INTERNAL',
        'a store has more rows in memory than can be told apart: give it a smaller cacheBytes, or keep it in LevelDB',
      )
    this.#current = next
    this.#chunks[this.#current] = chunk
    if (full?.live === 0) this.#drop(number, full)
    return chunk
  }

  #drop(number: number, { used }: Chunk): void {
    this.#used -= used
    this.#chunks[number] = undefined
    this.#vacant.push(number)
  }
}

function sizeOf(length: number): number {
  return (HEAD + length + 7) & ~7
}
