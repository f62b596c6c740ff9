/** Reading and writing our own group bytes: fixed fields, varints (unsigned LEB128), zigzag. */

export class ByteWriter {
  readonly #parts: Buffer[] = []

  byte(value: number): void {
    this.#parts.push(Buffer.from([value]))
  }

  raw(bytes: Uint8Array): void {
    this.#parts.push(Buffer.from(bytes))
  }

  /** UTF-8 behind its length in two bytes. */
  text16(text: string): void {
    const bytes = Buffer.from(text)
    const length = Buffer.alloc(2)
    length.writeUInt16BE(bytes.length)
    this.#parts.push(length, bytes)
  }

  /** A whole number from 0 to 2^53. */
  varint(value: number): void {
    const bytes: number[] = []
    let left = value
    // Not by bit operations, which would cut at 32 bits.
    while (left >= 128) {
      bytes.push((left % 128) + 128)
      left = Math.floor(left / 128)
    }
    bytes.push(left)
    this.#parts.push(Buffer.from(bytes))
  }

  /** A whole number within ±2^52. */
  zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value)
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

/** Throws a RangeError beyond the end, so that a hostile length allocates nothing. */
export class ByteReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  byte(): number {
    return this.raw(1).readUInt8(0)
  }

  raw(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new RangeError('cut')
    const taken = Buffer.from(this.#bytes.subarray(this.#at, end))
    this.#at = end
    return taken
  }

  text16(): string {
    return this.raw(this.raw(2).readUInt16BE(0)).toString()
  }

  varint(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte()
      value += (byte % 128) * scale
      if (!Number.isSafeInteger(value)) throw new RangeError('too large')
      if (byte < 128) return value
    }
  }

  zigzag(): number {
    const value = this.varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}
