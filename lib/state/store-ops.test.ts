/** Store operations recorded from Kafka Streams (testdata/store-ops.json), on our stores. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
import { openFace } from '../topology/store-faces.ts'
import { Commits, collect, openState } from './fixture.ts'
import type { InnerKeyValueStore, InnerWindowStore, WindowedRow } from './inner-stores.ts'
import { memoryByteStore } from './memory.ts'
import { keyValueSpec, type StoreSpec, windowSpec } from './store-spec.ts'
import type { DuplicatesStore, KeyValueStore, WindowStore } from './stores.ts'
import type { TaskState } from './task-state.ts'

type Argument = string | number | null

interface Operation {
  readonly op: string
  readonly args: readonly Argument[]
  readonly expected?: unknown
  readonly expected_error?: string
  readonly order?: string
}

interface Case {
  readonly name: string
  readonly store: {
    readonly type: string
    readonly retention_ms?: number
    readonly window_size_ms?: number
    readonly retain_duplicates?: boolean
  }
  readonly ops: readonly Operation[]
}

type Call = (...args: never[]) => unknown
type Calls = Readonly<Record<string, Call>>

const cases = JSON.parse(
  readFileSync(join(import.meta.dirname, 'testdata/store-ops.json'), 'utf8'),
) as readonly Case[]

const STRINGS = { key: serdes.string, value: serdes.string }
const FACE = { timestamp: () => 0, streamTime: () => 0, expired: () => undefined }

function specOf({ store }: Case): StoreSpec {
  const name = 'store'
  if (store.type === 'key_value') return keyValueSpec({ name, ...STRINGS })
  return windowSpec({
    name,
    ...STRINGS,
    sizeMs: store.window_size_ms ?? 0,
    retentionMs: store.retention_ms ?? 0,
    duplicates: store.retain_duplicates ?? false,
  })
}

function keyValueCalls(state: TaskState, spec: StoreSpec): Calls {
  const inner = state.store('store') as InnerKeyValueStore<string, string>
  const face = openFace(spec, <S>() => inner as S, FACE) as KeyValueStore<string, string>
  const pairs = async (
    rows: AsyncIterable<{ key: string; value: string }>,
  ): Promise<[string, string][]> => (await collect(rows)).map(({ key, value }) => [key, value])
  const bounds = (from: string | null, to: string | null, reverse = false) => ({
    ...(from === null ? {} : { from }),
    ...(to === null ? {} : { to }),
    reverse,
  })
  return {
    get: (key: string) => face.get(key) ?? null,
    put: (key: string, value: string | null) =>
      value === null ? void face.delete(key) : face.put(key, value),
    putIfAbsent: (key: string, value: string) => face.putIfAbsent(key, value) ?? null,
    delete: (key: string) => face.delete(key) ?? null,
    all: () => pairs(face.range()),
    reverseAll: () => pairs(face.range({ reverse: true })),
    range: (from: string | null, to: string | null) => pairs(face.range(bounds(from, to))),
    reverseRange: (from: string | null, to: string | null) =>
      pairs(face.range(bounds(from, to, true))),
    prefixScan: (prefix: string) => pairs(inner.prefix(Buffer.from(prefix))),
  }
}

function windowCalls(state: TaskState, spec: StoreSpec): Calls {
  const inner = state.store('store') as InnerWindowStore<string, string>
  const face = openFace(spec, <S>() => inner as S, FACE) as WindowStore<string, string> &
    DuplicatesStore<string, string>
  const windowed = ({ key, start, value }: WindowedRow<string, string>): unknown => [
    [key, start, start + spec.sizeMs],
    value,
  ]
  const all = async (from: number, to: number): Promise<WindowedRow<string, string>[]> =>
    collect(inner.fetchAll(from, to))
  return {
    put: (key: string, value: string | null, start: number) => {
      if (value !== null) face.put(key, value, start)
      else if (!spec.duplicates) face.delete(key, start)
    },
    fetchAt: (key: string, start: number) => face.get(key, start) ?? null,
    fetch: async (key: string, from: number, to: number) =>
      (await collect(face.fetch(key, from, to))).map((row) => [row.key.start, row.value]),
    backwardFetch: async (key: string, from: number, to: number) =>
      (await collect(inner.fetch(key, from, to, { reverse: true }))).map(({ start, value }) => [
        start,
        value,
      ]),
    fetchRange: async (first: string | null, last: string | null, from: number, to: number) =>
      (await all(from, to))
        .filter(({ key }) => (first === null || key >= first) && (last === null || key <= last))
        .map(windowed),
    fetchAll: async (from: number, to: number) => (await all(from, to)).map(windowed),
    all: async () => (await all(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)).map(windowed),
  }
}

function sorted(rows: unknown): unknown {
  return Array.isArray(rows)
    ? rows.map((row) => JSON.stringify(row)).sort((one, other) => (one < other ? -1 : 1))
    : rows
}

/** A step that happens between operations and must change nothing that they see. */
type Between = (state: TaskState, commits: Commits) => Promise<void>

const LIVES: readonly (readonly [string, Between])[] = [
  ['in the open span', async () => undefined],
  ['committed after each operation', async (state, commits) => commits.commit(state)],
  [
    'written after each operation',
    async (state, commits) => {
      commits.commit(state)
      await state.flush()
    },
  ],
]

async function perform(calls: Calls, operation: Operation): Promise<void> {
  const { op, args, expected, expected_error, order } = operation
  const call = calls[op]
  if (call === undefined) throw new TypeError(`no operation ${op}`)
  const run = async (): Promise<unknown> => call(...(args as never[]))
  if (expected_error !== undefined) {
    await expect(run()).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
    return
  }
  const result = await run()
  if (expected === undefined) return
  if (order === undefined) expect(result).toEqual(expected)
  else expect(sorted(result)).toEqual(sorted(expected))
}

describe.each(LIVES)('Kafka Streams store operations, %s', (_name, between) => {
  test.each(cases)('$name', async (each) => {
    const spec = specOf(each)
    const state = await openState(memoryByteStore(), [spec], { cacheBytes: 0 })
    const calls = spec.kind === 'window' ? windowCalls(state, spec) : keyValueCalls(state, spec)
    const commits = new Commits()
    for (const operation of each.ops) {
      await perform(calls, operation)
      await between(state, commits)
    }
  })
})
