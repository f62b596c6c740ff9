/** Typed stores, with what a span of records costs them: changes, freeze, commit, and the flush. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../lib/core/clock.ts'
import { silentLogger } from '../../../lib/core/logger.ts'
import { systemRandom } from '../../../lib/core/random.ts'
import { serdes } from '../../../lib/core/serde.ts'
import type { ByteStore } from '../../../lib/state/byte-store.ts'
import type {
  InnerDedupStore,
  InnerJoinBuffer,
  InnerKeyValueStore,
  InnerWindowStore,
} from '../../../lib/state/inner-stores.ts'
import { openLevelDb } from '../../../lib/state/leveldb.ts'
import { memoryByteStore } from '../../../lib/state/memory.ts'
import type { StoreSpec } from '../../../lib/state/store-spec.ts'
import {
  dedupSpec,
  joinBufferSpec,
  keyValueSpec,
  windowSpec,
} from '../../../lib/state/store-spec.ts'
import { TaskState } from '../../../lib/state/task-state.ts'
import type { Case, Group } from './case.ts'
import { eventText, keyOf, RECORDS } from './case.ts'

const FLUSH_BYTES = 4 * 1024 * 1024
const MANY_KEYS = 200_000
const SMALL_CACHE_BYTES = 1024 * 1024
const RECORDS_PER_MS = 10
const INPUTS: ReadonlyMap<string, number> = new Map()

/** What a record does to a store. `at` counts records. */
type Step = (at: number) => void

interface Kind {
  readonly name: string
  readonly spec: StoreSpec
  readonly step: (store: unknown) => Step
  readonly cacheBytes?: number
}

const key = serdes.string

function keyValue(keys: number): (store: unknown) => Step {
  return (store) => {
    const rows = store as InnerKeyValueStore<string, number>
    return (at) => {
      const name = keyOf(at, keys)
      rows.put(name, (rows.get(name)?.value ?? 0) + at, at)
    }
  }
}

const KINDS: readonly Kind[] = [
  {
    name: 'key-value get + put',
    spec: keyValueSpec({ name: 'kv', key, value: serdes.long }),
    step: keyValue(10_000),
  },
  {
    name: `key-value get + put, ${MANY_KEYS} keys beyond the cache`,
    spec: keyValueSpec({ name: 'many', key, value: serdes.long }),
    cacheBytes: SMALL_CACHE_BYTES,
    step: keyValue(MANY_KEYS),
  },
  {
    name: 'window get + put',
    spec: windowSpec({
      name: 'windows',
      key,
      value: serdes.long,
      sizeMs: 10_000,
      retentionMs: 10_000,
    }),
    step: (store) => {
      const rows = store as InnerWindowStore<string, number>
      return (at) => {
        const time = Math.floor(at / RECORDS_PER_MS)
        const start = time - (time % 10_000)
        const name = keyOf(at)
        rows.put(name, (rows.get(name, start)?.value ?? 0) + 1, start, time)
        if (time % 1000 === 0) rows.expireBefore(start - 10_000)
      }
    },
  },
  {
    name: 'dedup add',
    spec: dedupSpec({ name: 'ids', key, horizonMs: 10_000 }),
    step: (store) => {
      const ids = store as InnerDedupStore<string>
      // Every tenth comes again.
      return (at) => {
        const id = at % 10 === 9 ? at - 9 : at
        ids.add(keyOf(id), String(id), Math.floor(at / RECORDS_PER_MS))
      }
    },
  },
  {
    name: 'join buffer put + visit',
    spec: joinBufferSpec({ name: 'side', key, value: serdes.string, retentionMs: 1000 }),
    step: (store) => {
      const rows = store as InnerJoinBuffer<string, string>
      const text = eventText(1)
      return (at) => {
        const time = Math.floor(at / RECORDS_PER_MS)
        const name = keyOf(at)
        rows.put(name, text, time)
        rows.visit(name, time - 500, time, (_value, met) => {
          if (met > time) throw new RangeError('a row of later')
        })
        if (at % RECORDS === 0) rows.expireBefore(time - 1000)
      }
    },
  },
]

async function opened(kind: Kind, byteStore: ByteStore): Promise<TaskState> {
  return TaskState.open({
    byteStore,
    stores: [kind.spec],
    identity: { application: 'micro', clusterId: 'none', task: 'in_0', topicIds: new Map() },
    bootId: 'micro',
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    ...(kind.cacheBytes === undefined ? {} : { cacheBytes: kind.cacheBytes }),
  })
}

/** A span of records, committed; on disk when there is enough for a flush. */
function spans(kind: Kind, state: TaskState): () => Promise<void> {
  const { name } = kind.spec
  const step = kind.step(state.store(name))
  let at = 0
  let offset = 0
  return async () => {
    for (let more = 0; more < RECORDS; more++) step(at++)
    offset += state.freeze().size + 1
    state.commit(new Map([[name, { offset, leaderEpoch: 0 }]]), INPUTS)
    if (state.pendingBytes > FLUSH_BYTES) await state.flush()
  }
}

export async function stores(): Promise<Group> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-micro-'))
  const cases: Case[] = []
  const states: TaskState[] = []
  const byteStores: ByteStore[] = []
  for (const kind of KINDS)
    for (const medium of ['memory', 'leveldb'] as const) {
      const path = join(folder, String(byteStores.length))
      const byteStore = medium === 'memory' ? memoryByteStore() : await openLevelDb(path)
      byteStores.push(byteStore)
      const state = await opened(kind, byteStore)
      states.push(state)
      const run = spans(kind, state)
      cases.push({ name: `${kind.name}, ${medium}`, records: RECORDS, run })
    }
  const close = async (): Promise<void> => {
    for (const state of states) await state.close(false)
    rmSync(folder, { recursive: true, force: true })
  }
  return { cases, close }
}
