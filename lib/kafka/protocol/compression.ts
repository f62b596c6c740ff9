/**
 * The four compressions of record batches, both ways, within a limit: a few hostile bytes may claim
 * to be gigabytes.
 *
 * zstd is WebAssembly before Node 22.15 and must be made ready once, by `prepareCompression`, which
 * whoever opens connections awaits.
 */
import { createRequire } from 'node:module'
import zlib from 'node:zlib'
import { compress as snappyCompress, uncompress as snappyUncompress } from 'snappyjs'
import { asBuffer } from '../../core/bytes.ts'
import { ConfigError } from '../../core/errors.ts'
import { ProtocolError } from './protocol-error.ts'
import { zstdFrames } from './zstd-frames.ts'

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** In the order of the codes in a batch's attributes. */
export const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** Of one batch, decompressed. Kafka's own batches are a megabyte by default. */
export const MAX_DECOMPRESSED_BYTES: number = 256 * 1024 * 1024

interface Codec {
  compress(bytes: Buffer): Buffer
  decompress(bytes: Buffer): Buffer
}

interface Lz4 {
  compressFrameSync(bytes: Buffer): Buffer
  decompressFrameSync(bytes: Buffer): Buffer
}

const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const XERIAL_HEADER_BYTES = 16
const LZ4_FRAME_MAGIC = 0x184d2204
const LZ4_BLOCK_BYTES: Readonly<Record<number, number>> = {
  4: 65_536,
  5: 262_144,
  6: 1_048_576,
  7: 4_194_304,
}

let lz4: Lz4 | undefined
let zstd: Codec | undefined

const gzip: Codec = {
  compress: (bytes) => zlib.gzipSync(bytes),
  decompress: (bytes) => zlib.gunzipSync(bytes, { maxOutputLength: MAX_DECOMPRESSED_BYTES }),
}

const snappy: Codec = {
  compress: (bytes) => asBuffer(snappyCompress(bytes)),
  decompress: (bytes) => {
    // Java frames its chunks, librdkafka writes one raw block.
    if (!bytes.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return snappyBlock(bytes)
    const chunks: Buffer[] = []
    let total = 0
    for (let at = XERIAL_HEADER_BYTES; at < bytes.length; ) {
      const length = bytes.readInt32BE(at)
      at += 4
      if (length < 0 || at + length > bytes.length) throw new ProtocolError('a snappy chunk is cut')
      const chunk = snappyBlock(bytes.subarray(at, at + length))
      total += chunk.length
      checkSize(total)
      chunks.push(chunk)
      at += length
    }
    return Buffer.concat(chunks)
  },
}

function snappyBlock(bytes: Buffer): Buffer {
  return asBuffer(snappyUncompress(bytes, MAX_DECOMPRESSED_BYTES))
}

function lz4Missing(cause: unknown): ConfigError {
  return new ConfigError(
    'PEER_MISSING',
    'lz4 needs the binary of lz4-napi, which was left out: install without --omit=optional',
    { cause },
  )
}

function loadLz4(): Lz4 {
  try {
    lz4 ??= createRequire(import.meta.url)('lz4-napi') as Lz4
    return lz4
  } catch (cause) {
    throw lz4Missing(cause)
  }
}

const lz4Codec: Codec = {
  compress: (bytes) => loadLz4().compressFrameSync(bytes),
  decompress: (bytes) => {
    checkLz4(bytes)
    return loadLz4().decompressFrameSync(bytes)
  },
}

/** Walks over the blocks of a frame: each is at most as large as its descriptor says. */
function checkLz4(bytes: Buffer): void {
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== LZ4_FRAME_MAGIC)
    throw new ProtocolError('an lz4 frame is not one')
  const flags = bytes[4] ?? 0
  const block = LZ4_BLOCK_BYTES[((bytes[5] ?? 0) >> 4) & 7] ?? 0
  let at = 7 + (flags & 8 ? 8 : 0)
  for (let total = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at) & 0x7fffffff
    if (length === 0) return
    total += block
    checkSize(total - block + 1)
    at += 4 + length + (flags & 16 ? 4 : 0)
  }
}

function checkSize(bytes: number): void {
  if (bytes > MAX_DECOMPRESSED_BYTES)
    throw new ProtocolError(
      `a batch claims to be ${bytes} bytes, more than ${MAX_DECOMPRESSED_BYTES}`,
    )
}

async function loadZstd(): Promise<Codec> {
  const { zstdCompressSync, zstdDecompressSync } = zlib as unknown as {
    zstdCompressSync?: (bytes: Buffer) => Buffer
    zstdDecompressSync?: (bytes: Buffer, options: { maxOutputLength: number }) => Buffer
  }
  if (zstdCompressSync !== undefined && zstdDecompressSync !== undefined)
    return {
      compress: (bytes) => zstdCompressSync(bytes),
      // It would end at the end of the first frame, and say nothing.
      decompress: (bytes) =>
        zstdWithin(
          (frame, maxBytes) => zstdDecompressSync(frame, { maxOutputLength: maxBytes }),
          bytes,
        ),
    }
  const wasm = await import('@bokuweb/zstd-wasm')
  await wasm.init()
  return {
    compress: (bytes) => asBuffer(wasm.compress(bytes)),
    decompress: (bytes) =>
      zstdWithin((frame, maxBytes) => wasm.decompress(frame, { defaultHeapSize: maxBytes }), bytes),
  }
}

/** Room is made once, for no more than the frames can hold: memory of WebAssembly is never given back. */
function zstdWithin(
  decompress: (frame: Buffer, maxBytes: number) => Uint8Array,
  bytes: Buffer,
): Buffer {
  const frames = zstdFrames(bytes)
  checkSize(frames.reduce((sum, { maxBytes }) => sum + maxBytes, 0))
  return Buffer.concat(frames.map((frame) => decompress(frame.bytes, Math.max(1, frame.maxBytes))))
}

/** Makes zstd ready; cheap once it is. */
export async function prepareCompression(): Promise<void> {
  zstd ??= await loadZstd()
}

function codecOf(code: number): Codec {
  switch (code) {
    case 1:
      return gzip
    case 2:
      return snappy
    case 3:
      return lz4Codec
    case 4:
      if (zstd === undefined)
        throw new ConfigError('PEER_MISSING', 'zstd is not ready: await prepareCompression first')
      return zstd
    default:
      throw new ProtocolError(`there is no compression ${code}`)
  }
}

export function compress(code: number, bytes: Buffer): Buffer {
  return codecOf(code).compress(bytes)
}

/** Throws a {@link ProtocolError} on damaged bytes, and on more than {@link MAX_DECOMPRESSED_BYTES}. */
export function decompress(code: number, bytes: Buffer): Buffer {
  const codec = codecOf(code)
  try {
    return codec.decompress(bytes)
  } catch (cause) {
    if (cause instanceof ProtocolError || cause instanceof ConfigError) throw cause
    throw new ProtocolError(`a batch cannot be decompressed (${COMPRESSIONS[code]})`, { cause })
  }
}
