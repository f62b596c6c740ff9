/** Bytes that others read or write: each row of a section is a case of its own. */
import { asBuffer, mapKey } from '../../lib/core/bytes.ts'
import { EMPTY_HEADERS } from '../../lib/core/headers.ts'
import type { Serde, SerdeType } from '../../lib/core/serde.ts'
import { serdes } from '../../lib/core/serde.ts'
import { windows } from '../../lib/core/windows.ts'
import { murmur2, partitionFor } from '../../lib/kafka/protocol/murmur2.ts'
import { encodeOffsetMetadata, NO_METADATA } from '../../lib/runtime/offset-metadata.ts'
import { windowChangelogKey, windowKey } from '../../lib/state/key-format.ts'
import type { Outcome } from './cases.ts'

type RowCase = Readonly<Record<string, unknown>>

const PASSED: Outcome = { result: 'passed' }
const CONTEXT = { topic: 'conformance', part: 'key', headers: EMPTY_HEADERS } as const

export function* runByteFormats(
  file: Readonly<Record<string, unknown>>,
): Iterable<readonly [name: string, outcome: Outcome]> {
  for (const [section, rows] of Object.entries(file)) {
    if (!Array.isArray(rows)) continue
    for (const [at, row] of rows.entries()) yield [`${section}[${at}]`, outcomeOf(section, row)]
  }
}

function outcomeOf(section: string, row: RowCase): Outcome {
  return RUNNERS[section]?.(row) ?? missing(`format ${section}`)
}

const RUNNERS: Readonly<Record<string, (row: RowCase) => Outcome>> = {
  murmur2_partition(row) {
    const key = Buffer.from(String(row.key_utf8))
    if (murmur2(key) !== row.murmur2_int32) return failed(`hash ${murmur2(key)}`)
    return partitions(key, row)
  },
  murmur2_bytes: (row) => partitions(Buffer.from(String(row.hex), 'hex'), row),
  primitive_serdes(row) {
    const make = PRIMITIVES[String(row.type)]
    return make === undefined
      ? missing(`serde of type ${row.type}`)
      : sameBytes(make(String(row.value)), row)
  },
  windowed_key_serdes(row) {
    const [what, key] = [String(row.what), String(row.key)]
    const [start, end, n] = [Number(row.start), Number(row.end), Number(row.seq)]
    if (what.startsWith('window STORE'))
      return sameBytes(changelogKeyOf(windowKey(start, mapKey(Buffer.from(key)), n)), row)
    if (!what.startsWith('TimeWindowed')) return missing(what)
    const serde = serdes.windowed(serdes.string, windows.tumbling(end - start))
    const windowed: SerdeType<typeof serde> = { kind: 'time', key, start, end }
    return sameBytes(bytesOf(serde, windowed), row)
  },
  value_formats: (row) => metadata(row) ?? missing(String(row.what)),
}

function changelogKeyOf(storeKey: string): Buffer {
  return windowChangelogKey(Buffer.from(storeKey, 'latin1'))
}

const PRIMITIVES: Readonly<Record<string, (value: string) => Buffer>> = {
  string: (value) => bytesOf(serdes.string, value),
  int: (value) => bytesOf(serdes.int, Number(value)),
  long: (value) => bytesOf(serdes.long, Number(value)),
  double: (value) => bytesOf(serdes.double, Number(value)),
  boolean: (value) => bytesOf(serdes.boolean, value === 'true'),
  uuid: (value) => bytesOf(serdes.uuid, value),
}

function bytesOf<T>(serde: Serde<T>, value: T): Buffer {
  return asBuffer(serde.serialize(value, CONTEXT))
}

function partitions(key: Buffer, row: RowCase): Outcome {
  for (const [name, wanted] of Object.entries(row)) {
    const count = Number(/^partition_of_(\d+)$/.exec(name)?.[1] ?? 0)
    if (count > 0 && partitionFor(key, count) !== wanted)
      return failed(`partition ${partitionFor(key, count)} of ${count}`)
  }
  return PASSED
}

function sameBytes(bytes: Buffer, row: RowCase): Outcome {
  const hex = bytes.toString('hex')
  return hex === row.hex ? PASSED : failed(`${hex}, expected ${row.hex}`)
}

function metadata(row: RowCase): Outcome | undefined {
  const { partition_time: time, empty_metadata_base64: empty, with_store_99_base64: store } = row
  if (empty === undefined) return undefined
  const base = { ...NO_METADATA, partitionTime: Number(time) }
  const withStore = { ...base, numbers: new Map([['store', 99]]) }
  const made = [encodeOffsetMetadata(base), encodeOffsetMetadata(withStore)]
  return made[0] === empty && made[1] === store ? PASSED : failed(made.join(' and '))
}

function failed(got: string): Outcome {
  return { result: 'failed', why: `got ${got}` }
}

function missing(what: string): Outcome {
  return { result: 'skipped', why: what }
}
