/**
 * A store as data: what the topology declares, the runtime makes topics for and `TaskState` opens.
 *
 * Serdes are erased; the typed handles of stores.ts guarantee that they fit. Names of changelogs are
 * written without the application's prefix.
 */
import type { Deserializer, Serializer } from '../core/serde.ts'

/** Any serde: every `Serde<T>` is one. */
export interface StoreSerde extends Serializer<never>, Deserializer<unknown> {
  readonly format: string
}

export type StoreKind = 'key-value' | 'window' | 'join-buffer' | 'dedup'

/** The topic behind a store. */
export interface StoreChangelog {
  /** Without the application's prefix: `counts-changelog`. */
  readonly topic: string
  /** Kafka's topic configuration, beyond what every changelog has. */
  readonly settings: Readonly<Record<string, string | number>>
}

/** Windows whose rows are pieces of them (DESIGN §5), for queries that put them together. */
export interface PaneWindows {
  readonly sizeMs: number
  readonly advanceMs: number
  /** May change `left`, never `right`. */
  readonly merge: (left: unknown, right: unknown, key: unknown) => unknown
}

export interface StoreSpec {
  readonly name: string
  readonly kind: StoreKind
  /** Of its serdes, for the fingerprint and the identity: `string/long`. */
  readonly format: string
  readonly in: 'leveldb' | 'memory'
  readonly key: StoreSerde
  /** Undefined for dedup stores, which have none. */
  readonly value: StoreSerde | undefined
  /** Undefined: a cache, gone after a crash. */
  readonly changelog: StoreChangelog | undefined
  /** Key-value: how far behind stream time a row stays. `Infinity`: for ever. */
  readonly ttlMs: number
  /** Windowed kinds: how far behind the newest start rows stay; dedup: the horizon. */
  readonly retentionMs: number
  /** Windowed kinds: how long the window of a row is: the pane's length where there are panes. */
  readonly sizeMs: number
  /** Window stores: several rows under one key and start. */
  readonly duplicates: boolean
  readonly panes: PaneWindows | undefined
}

/** What all kinds are made from. */
export interface StoreBasis {
  readonly name: string
  readonly key: StoreSerde
  readonly in?: 'leveldb' | 'memory'
  /** True unless said; an object is Kafka's topic configuration. */
  readonly changelog?: boolean | Readonly<Record<string, string | number>>
}

export function keyValueSpec(
  options: StoreBasis & { readonly value: StoreSerde; readonly ttlMs?: number },
): StoreSpec {
  const { value, ttlMs = Number.POSITIVE_INFINITY } = options
  return { ...basis(options, 'key-value', value), ttlMs }
}

export interface WindowSpecOptions extends StoreBasis {
  readonly value: StoreSerde
  readonly sizeMs: number
  readonly retentionMs: number
  readonly duplicates?: boolean
  readonly panes?: PaneWindows
}

export function windowSpec(options: WindowSpecOptions): StoreSpec {
  const { value, sizeMs, retentionMs, duplicates = false, panes } = options
  return { ...basis(options, 'window', value), sizeMs, retentionMs, duplicates, panes }
}

/** Rows of one side of a stream-stream join, by key and timestamp. */
export function joinBufferSpec(
  options: StoreBasis & { readonly value: StoreSerde; readonly retentionMs: number },
): StoreSpec {
  const { value, retentionMs } = options
  return { ...basis(options, 'join-buffer', value), retentionMs, duplicates: true }
}

/** Ids seen, by key. */
export function dedupSpec(options: StoreBasis & { readonly horizonMs: number }): StoreSpec {
  return { ...basis(options, 'dedup', undefined), retentionMs: options.horizonMs }
}

function basis(options: StoreBasis, kind: StoreKind, value: StoreSerde | undefined): StoreSpec {
  const { name, key, changelog = true } = options
  return {
    name,
    kind,
    format: value === undefined ? key.format : `${key.format}/${value.format}`,
    in: options.in ?? 'leveldb',
    key,
    value,
    changelog:
      changelog === false
        ? undefined
        : { topic: `${name}-changelog`, settings: changelog === true ? {} : changelog },
    ttlMs: Number.POSITIVE_INFINITY,
    retentionMs: Number.POSITIVE_INFINITY,
    sizeMs: 0,
    duplicates: false,
    panes: undefined,
  }
}
