/** The stores of DSL operators, as handles: from what the user said of a store and what it must hold. */
import { longSerde } from '../core/serdes/numbers.ts'
import type { TimeWindows } from '../core/windows.ts'
import { StoreHandle } from '../state/store-handle.ts'
import {
  dedupSpec,
  joinBufferSpec,
  keyValueSpec,
  type StoreBasis,
  windowSpec,
} from '../state/store-spec.ts'
import type { StoreOptions } from '../state/stores.ts'
import { changelogTopic } from '../topology/names.ts'
import type { ErasedSerde } from '../topology/nodes.ts'
import type { Merge } from './operators/folds.ts'
import { paneMs } from './operators/window-shape.ts'

type Handle = StoreHandle<unknown, unknown>

export function keyValueStore(
  name: string,
  key: ErasedSerde,
  value: ErasedSerde,
  options: Partial<StoreOptions>,
): Handle {
  return new StoreHandle(keyValueSpec({ ...basis(name, key, options), value }))
}

/** How a windowed aggregate is kept. */
export interface WindowSettings {
  readonly windows: TimeWindows
  readonly retentionMs: number
  /** Given: windows are kept as panes, and merged from them. */
  readonly merge: Merge | undefined
}

export function windowStore(
  name: string,
  key: ErasedSerde,
  value: ErasedSerde,
  options: Partial<StoreOptions>,
  { windows, retentionMs, merge }: WindowSettings,
): Handle {
  const { sizeMs, advanceMs } = windows
  const common = { ...basis(name, key, options), value, retentionMs }
  return new StoreHandle(
    merge === undefined
      ? windowSpec({ ...common, sizeMs })
      : windowSpec({ ...common, sizeMs: paneMs(windows), panes: { sizeMs, advanceMs, merge } }),
  )
}

export function joinStore(
  name: string,
  key: ErasedSerde,
  value: ErasedSerde,
  options: Partial<StoreOptions>,
  { retentionMs }: { readonly retentionMs: number },
): Handle {
  return new StoreHandle(joinBufferSpec({ ...basis(name, key, options), value, retentionMs }))
}

export function dedupStore(
  name: string,
  key: ErasedSerde,
  options: Partial<StoreOptions>,
  { horizonMs }: { readonly horizonMs: number },
): Handle {
  return new StoreHandle(dedupSpec({ ...basis(name, key, options), horizonMs }))
}

/** What an emission view owes of windows, by their starts: it deletes rows itself, so none expires. */
export function owedWindows(
  name: string,
  key: ErasedSerde,
  options: Partial<StoreOptions>,
): Handle {
  const common = { ...basis(name, key, options), value: longSerde, sizeMs: 1 }
  return new StoreHandle(windowSpec({ ...common, retentionMs: Number.POSITIVE_INFINITY }))
}

function basis(name: string, key: ErasedSerde, options: Partial<StoreOptions>): StoreBasis {
  changelogTopic(name)
  const { changelog } = options
  return {
    name,
    key,
    ...(options.in === undefined ? {} : { in: options.in }),
    ...(changelog === undefined ? {} : { changelog }),
  }
}
