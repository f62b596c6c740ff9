/**
 * CRC-32C (Castagnoli), the checksum of record batches: native where its binary is installed, else
 * slicing-by-8, a fifth as fast and still cheap.
 */
import { createRequire } from 'node:module'

const POLYNOMIAL = 0x82f63b78

/** Eight tables of 256, one after the other. */
function makeTables(): Uint32Array {
  const tables = new Uint32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    tables[byte] = crc
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256] ?? 0
    tables[at] = (before >>> 8) ^ (tables[before & 255] ?? 0)
  }
  return tables
}

let tables: Uint32Array | undefined

/** The same without native code. */
export function slicingCrc32c(bytes: Buffer): number {
  tables ??= makeTables()
  const table = tables
  const of = (slice: number, byte: number): number => table[slice * 256 + byte] ?? 0
  const whole = bytes.length - (bytes.length & 7)
  let crc = 0xffffffff
  for (let at = 0; at < whole; at += 8) {
    const low = crc ^ bytes.readUInt32LE(at)
    const high = bytes.readUInt32LE(at + 4)
    crc =
      of(7, low & 255) ^
      of(6, (low >>> 8) & 255) ^
      of(5, (low >>> 16) & 255) ^
      of(4, low >>> 24) ^
      of(3, high & 255) ^
      of(2, (high >>> 8) & 255) ^
      of(1, (high >>> 16) & 255) ^
      of(0, high >>> 24)
  }
  for (let at = whole; at < bytes.length; at++)
    crc = (crc >>> 8) ^ of(0, (crc ^ (bytes[at] ?? 0)) & 255)
  return (crc ^ 0xffffffff) >>> 0
}

function native(): ((bytes: Buffer) => number) | undefined {
  try {
    // Its binary is an optional package, which an install may leave out.
    const load = createRequire(import.meta.url)
    return (load('@node-rs/crc32') as { crc32c(bytes: Buffer): number }).crc32c
  } catch {
    return undefined
  }
}

/** Unsigned 32 bits. */
export const crc32c: (bytes: Buffer) => number = native() ?? slicingCrc32c
