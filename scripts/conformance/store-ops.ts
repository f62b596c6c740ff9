/**
 * Cases of store operations, on the inner stores of a task's state: what the public faces of stores
 * leave out (prefixes, backward scans) is theirs.
 */
import { isDeepStrictEqual } from 'node:util'
import { serdes } from 'millrace'
import { messageOf } from '../../lib/core/errors.ts'
import { silentLogger } from '../../lib/core/logger.ts'
import { seededRandom } from '../../lib/core/random.ts'
import type { InnerKeyValueStore, InnerWindowStore } from '../../lib/state/inner-stores.ts'
import { memoryByteStore } from '../../lib/state/memory.ts'
import type { StoreSpec } from '../../lib/state/store-spec.ts'
import { keyValueSpec, windowSpec } from '../../lib/state/store-spec.ts'
import { TaskState } from '../../lib/state/task-state.ts'
import { ManualClock } from '../../lib/testing/driver/manual-clock.ts'
import type { Outcome, StoreCase, StoreOperation } from './cases.ts'
import { MissingOperator } from './cases.ts'

type KeyValue = InnerKeyValueStore<string, string>
type Window = InnerWindowStore<string, string>
type Run = (operation: StoreOperation) => Promise<unknown>

export async function runStoreCase(of: StoreCase): Promise<Outcome> {
  try {
    return await outcomeOf(of)
  } catch (error) {
    if (error instanceof MissingOperator) return { result: 'skipped', why: error.operator }
    throw error
  }
}

async function outcomeOf(of: StoreCase): Promise<Outcome> {
  const spec = specOf(of)
  const state = await open(spec)
  const run =
    spec.kind === 'window'
      ? windowRunner(state.store(spec.name) as Window, spec)
      : keyValueRunner(state.store(spec.name) as KeyValue)
  try {
    for (const [at, operation] of of.ops.entries()) {
      const why = await differs(run, operation)
      if (why !== undefined) return { result: 'failed', why: `operation ${at}: ${why}` }
    }
    return { result: 'passed' }
  } finally {
    await state.close(true)
  }
}

function specOf({ store }: StoreCase): StoreSpec {
  const serde = { name: 'store', key: serdes.string, value: serdes.string }
  if (store.type === 'key_value') return keyValueSpec(serde)
  if (store.type !== 'window') throw new MissingOperator(`${store.type} store`)
  return windowSpec({
    ...serde,
    sizeMs: store.window_size_ms ?? 1,
    retentionMs: store.retention_ms ?? 1,
    duplicates: store.retain_duplicates ?? false,
  })
}

function open(spec: StoreSpec): Promise<TaskState> {
  return TaskState.open({
    byteStore: memoryByteStore(),
    stores: [spec],
    identity: { application: 'app', clusterId: 'none', task: 'store_0', topicIds: new Map() },
    bootId: 'boot',
    clock: new ManualClock(0),
    random: seededRandom(0),
    logger: silentLogger,
  })
}

async function differs(run: Run, operation: StoreOperation): Promise<string | undefined> {
  const { op, args, expected, expected_error: error, order } = operation
  let actual: unknown
  try {
    actual = await run(operation)
  } catch (thrown) {
    if (thrown instanceof MissingOperator) throw thrown
    return error === undefined ? `${op}(${args}) failed: ${messageOf(thrown)}` : undefined
  }
  if (error !== undefined) return `${op}(${args}) was to fail and did not`
  if (expected === undefined) return undefined
  const same =
    order?.startsWith('any') === true
      ? equalByKey(actual, expected)
      : isDeepStrictEqual(actual, expected)
  if (same) return undefined
  return `${op}(${args}) is ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`
}

/** In any order across keys; within a key the order is asked for. */
function equalByKey(actual: unknown, expected: unknown): boolean {
  const byKey = (rows: unknown): Record<string, string[]> => {
    const groups: Record<string, string[]> = {}
    for (const row of Array.isArray(rows) ? rows : []) {
      const key = JSON.stringify(row[0][0])
      groups[key] = [...(groups[key] ?? []), JSON.stringify(row)]
    }
    return groups
  }
  return isDeepStrictEqual(byKey(actual), byKey(expected))
}

function keyValueRunner(store: KeyValue): Run {
  const scan = async (
    from: unknown,
    to: unknown,
    reverse: boolean,
  ): Promise<readonly (readonly [string, string])[]> => {
    const range = { ...(isNull(from) ? {} : { from: String(from) }), reverse }
    const rows = store.range({ ...range, ...(isNull(to) ? {} : { to: String(to) }) })
    return await collect(rows, ({ key, value }) => [key, value] as const)
  }
  const get = (key: unknown): string | null => store.get(keyOf(key))?.value ?? null
  const put = (key: unknown, value: unknown): null => {
    if (isNull(value)) store.delete(keyOf(key), 0)
    else store.put(keyOf(key), String(value), 0)
    return null
  }
  return async ({ op, args: [a, b] }) => {
    switch (op) {
      case 'get':
        return get(a)
      case 'put':
        return put(a, b)
      case 'putIfAbsent':
        return get(a) ?? put(a, b)
      case 'delete': {
        const before = get(a)
        put(a, null)
        return before
      }
      case 'range':
      case 'reverseRange':
        return await scan(a, b, op === 'reverseRange')
      case 'all':
      case 'reverseAll':
        return await scan(null, null, op === 'reverseAll')
      case 'prefixScan': {
        const rows = store.prefix(Buffer.from(String(a)))
        return await collect(rows, ({ key, value }) => [key, value] as const)
      }
      default:
        throw new MissingOperator(`operation ${op}`)
    }
  }
}

function windowRunner(store: Window, spec: StoreSpec): Run {
  const { sizeMs, retentionMs, duplicates } = spec
  /** As an operator does it: what is behind the retention can be neither read nor written. */
  const oldest = (): number => (store.highestStart ?? 0) - retentionMs + 1
  const put = (key: string, value: unknown, start: number): void => {
    if (store.highestStart !== undefined && start < oldest()) return
    if (duplicates) {
      if (!isNull(value)) store.append(key, String(value), start, start)
    } else if (isNull(value)) store.delete(key, start, start)
    else store.put(key, String(value), start, start)
    store.expireBefore(oldest())
  }
  const all = async (from: number, to: number, keyFrom?: unknown, keyTo?: unknown) => {
    const rows: unknown[] = []
    for await (const { key, value, start } of store.fetchAll(from, to))
      if (within(key, keyFrom, keyTo)) rows.push([[key, start, start + sizeMs], value])
    return rows
  }
  return async ({ op, args }) => {
    const [a, b, c, d] = args
    switch (op) {
      case 'put':
        return put(keyOf(a), b, Number(c))
      case 'fetchAt':
        return store.get(keyOf(a), Number(b))?.value ?? null
      case 'fetch':
      case 'backwardFetch': {
        const reverse = op === 'backwardFetch'
        const rows = store.fetch(keyOf(a), Number(b), Number(c), { reverse })
        return await collect(rows, ({ start, value }) => [start, value] as const)
      }
      case 'fetchRange':
        return await all(Number(c), Number(d), a, b)
      case 'fetchAll':
        return await all(Number(a), Number(b))
      case 'all':
        return await all(0, Number.MAX_SAFE_INTEGER)
      default:
        throw new MissingOperator(`operation ${op}`)
    }
  }
}

async function collect<R, T>(rows: AsyncIterable<R>, each: (row: R) => T): Promise<readonly T[]> {
  const collected: T[] = []
  for await (const row of rows) collected.push(each(row))
  return collected
}

/** Both ends included; open where null. */
function within(key: string, from: unknown, to: unknown): boolean {
  const bytes = Buffer.from(key)
  const after = isNull(from) || Buffer.compare(bytes, Buffer.from(String(from))) >= 0
  return after && (isNull(to) || Buffer.compare(bytes, Buffer.from(String(to))) <= 0)
}

/** Null goes in as it is, for stores to refuse. */
function keyOf(key: unknown): string {
  return key as string
}

function isNull(value: unknown): value is null | undefined {
  return value === null || value === undefined
}
