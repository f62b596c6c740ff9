/**
 * Walks over zstd frames (RFC 8878) without decompressing: where each one ends and how large it can
 * become at most. Java's streams do not say their size, and hostile ones may lie about it.
 */
import { ProtocolError } from './protocol-error.ts'

const MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
/** No block is larger, whatever the window. */
const MAX_BLOCK_BYTES = 128 * 1024
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const
const RAW = 0
const RLE = 1
const COMPRESSED = 2

export interface ZstdFrame {
  readonly bytes: Buffer
  /** Of what it holds. */
  readonly maxBytes: number
}

/** Throws a {@link ProtocolError} for what is cut, not zstd, or says that it holds more than it can. */
export function zstdFrames(bytes: Buffer): readonly ZstdFrame[] {
  const frames: ZstdFrame[] = []
  for (let at = 0; at < bytes.length; ) {
    const rest = bytes.subarray(at)
    const magic = rest.length < 8 ? 0 : rest.readUInt32LE(0)
    // The last hexadecimal digit of a skippable one is free.
    const length =
      magic - (magic % 16) === SKIPPABLE_MAGIC
        ? 8 + rest.readUInt32LE(4)
        : measure(rest, magic, frames)
    if (length > rest.length) throw cut()
    at += length
  }
  return frames
}

/** Adds the frame; gives its length. */
function measure(rest: Buffer, magic: number, frames: ZstdFrame[]): number {
  if (magic !== MAGIC) throw new ProtocolError('a zstd frame is not one')
  const descriptor = rest[4] ?? 0
  const single = (descriptor & 32) !== 0
  const sizeAt = 5 + (single ? 0 : 1) + (DICTIONARY_ID_BYTES[descriptor & 3] ?? 0)
  const sizeBytes = descriptor < 64 ? (single ? 1 : 0) : 2 ** (descriptor >> 6)
  if (sizeAt + sizeBytes > rest.length) throw cut()
  const { end, maxBytes } = blocks(rest, sizeAt + sizeBytes)
  const claimed = claimedBytes(rest, sizeAt, sizeBytes)
  if (claimed !== undefined && claimed > maxBytes)
    throw new ProtocolError(`a zstd frame claims ${claimed} bytes and can hold ${maxBytes}`)
  const length = end + (descriptor & 4 ? 4 : 0)
  frames.push({ bytes: rest.subarray(0, length), maxBytes: claimed ?? maxBytes })
  return length
}

function claimedBytes(rest: Buffer, at: number, bytes: number): number | undefined {
  switch (bytes) {
    case 0:
      return undefined
    case 1:
      return rest[at]
    case 2:
      return rest.readUInt16LE(at) + 256
    case 4:
      return rest.readUInt32LE(at)
    default:
      return Number(rest.readBigUInt64LE(at))
  }
}

/** Each block: three bytes of last, type and size, then its content. */
function blocks(rest: Buffer, from: number): { readonly end: number; readonly maxBytes: number } {
  let at = from
  let maxBytes = 0
  for (;;) {
    if (at + 3 > rest.length) throw cut()
    const header = rest.readUIntLE(at, 3)
    const type = (header >> 1) & 3
    const size = header >> 3
    if (type > COMPRESSED || size > MAX_BLOCK_BYTES)
      throw new ProtocolError('a zstd frame has a block that is not one')
    at += 3 + (type === RLE ? 1 : size)
    maxBytes += type === RAW || type === RLE ? size : MAX_BLOCK_BYTES
    if (header & 1) return { end: at, maxBytes }
  }
}

function cut(): ProtocolError {
  return new ProtocolError('a zstd frame is cut')
}
