/**
 * The public faces of stores: what a processor opens over the inner store that the runtime has. They
 * add what needs the record in hand: timestamps that were left out, and what is too old to be kept.
 */
import { asBuffer, int32Chars, mapKey } from '../core/bytes.ts'
import type { Row } from '../core/record.ts'
import type { Windowed } from '../core/windows.ts'
import type {
  InnerDedupStore,
  InnerKeyValueStore,
  InnerWindowStore,
  WindowedRow,
} from '../state/inner-stores.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import type { DedupStore, DuplicatesStore, KeyValueStore, WindowStore } from '../state/stores.ts'

/** What a face asks about the task it is used in. */
export interface FaceContext {
  /** Of the record in hand. Throws outside of a call. */
  readonly timestamp: () => number
  readonly streamTime: () => number
  /** A row was not kept, for it is behind the store's retention. */
  readonly expired: () => void
}

type OpenInner = <S>(name: string) => S

/** The face that a handle of this declaration names by its type. */
export function openFace(spec: StoreSpec, inner: OpenInner, context: FaceContext): unknown {
  if (spec.kind === 'key-value') return keyValueFace(inner(spec.name), spec, context)
  if (spec.kind === 'dedup') return dedupFace(inner(spec.name))
  return spec.duplicates
    ? duplicatesFace(inner(spec.name), spec, context)
    : windowFace(inner(spec.name), spec, context)
}

function keyValueFace(
  inner: InnerKeyValueStore<unknown, unknown>,
  { ttlMs }: StoreSpec,
  context: FaceContext,
): KeyValueStore<unknown, unknown> {
  const expire = (): void => {
    if (ttlMs !== Number.POSITIVE_INFINITY) inner.expireBefore(context.streamTime() - ttlMs)
  }
  const entry = (
    key: unknown,
  ): { readonly value: unknown; readonly timestamp: number } | undefined => {
    expire()
    return inner.get(key)
  }
  return {
    entry,
    get: (key) => entry(key)?.value,
    put: (key, value, timestamp = context.timestamp()) => {
      if (value === null) inner.delete(key, timestamp)
      else inner.put(key, value, timestamp)
    },
    putIfAbsent: (key, value) => {
      const there = entry(key)
      if (there === undefined) inner.put(key, value, context.timestamp())
      return there?.value
    },
    delete: (key) => {
      const there = entry(key)
      if (there !== undefined) inner.delete(key, context.timestamp())
      return there?.value
    },
    range: async function* (range) {
      expire()
      for await (const { key, value } of inner.range(range)) yield { key, value }
    },
  }
}

/** Rows that start before the newest start less the retention are neither read nor written. */
function keeper(
  inner: InnerWindowStore<unknown, unknown>,
  { retentionMs }: StoreSpec,
  context: FaceContext,
): (start: number, write: () => void) => void {
  return (start, write) => {
    const newest = Math.max(start, inner.highestStart ?? start)
    const oldest = newest - retentionMs + 1
    if (start < oldest) return context.expired()
    write()
    if (oldest > 0 && newest === start) inner.expireBefore(oldest)
  }
}

function windowFace(
  inner: InnerWindowStore<unknown, unknown>,
  spec: StoreSpec,
  context: FaceContext,
): WindowStore<unknown, unknown> {
  const kept = keeper(inner, spec, context)
  return {
    entry: (key, start) => inner.get(key, start),
    get: (key, start) => inner.get(key, start)?.value,
    put: (key, value, start, timestamp = context.timestamp()) =>
      kept(start, () => {
        if (value === null) inner.delete(key, start, timestamp)
        else inner.put(key, value, start, timestamp)
      }),
    delete: (key, start) => inner.delete(key, start, context.timestamp()),
    ...scans(inner, spec),
  }
}

function duplicatesFace(
  inner: InnerWindowStore<unknown, unknown>,
  spec: StoreSpec,
  context: FaceContext,
): DuplicatesStore<unknown, unknown> {
  const kept = keeper(inner, spec, context)
  return {
    put: (key, value, start, timestamp = context.timestamp()) =>
      kept(start, () => inner.append(key, value, start, timestamp)),
    ...scans(inner, spec),
  }
}

function scans(
  inner: InnerWindowStore<unknown, unknown>,
  { sizeMs }: StoreSpec,
): Pick<WindowStore<unknown, unknown>, 'fetch' | 'fetchAll'> {
  return {
    fetch: (key, from, to) => rows(inner.fetch(key, from, to), sizeMs),
    fetchAll: (from, to) => rows(inner.fetchAll(from, to), sizeMs),
  }
}

async function* rows(
  found: AsyncIterable<WindowedRow<unknown, unknown>>,
  sizeMs: number,
): AsyncGenerator<Row<Windowed<unknown>, unknown>> {
  for await (const { key, start, value } of found)
    yield { key: { kind: 'time', key, start, end: start + sizeMs }, value }
}

/** Tag and length stand before an id (FORMATS), so that ids of operators and of users never meet. */
const BYTES_TAG = 'x'

function dedupFace(inner: InnerDedupStore<unknown>): DedupStore<unknown> {
  return {
    add: (key, id, time) =>
      inner.add(key, BYTES_TAG + int32Chars(id.length) + mapKey(asBuffer(id)), time),
  }
}
