/** The stores and numbers that a processor's options name: what it may open, and nothing else. */
import { ConfigError } from '../core/errors.ts'
import { StoreHandle } from '../state/store-handle.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import { checkName } from './names.ts'
import type { ProgramBuilder } from './program-builder.ts'

export class NamedStores {
  readonly #handles: readonly StoreHandle<unknown, unknown>[]

  /** Adds what is not in the program yet. */
  constructor(handles: readonly unknown[], program: ProgramBuilder) {
    this.#handles = handles.map((handle) => {
      if (handle instanceof StoreHandle) return handle
      throw new ConfigError(
        'INVALID_OPTION',
        'stores of a processor holds something that is no handle: make them with stores.keyValue and the like',
      )
    })
    for (const { spec } of this.#handles) program.addStore(spec)
  }

  get names(): readonly string[] {
    return this.#handles.map(({ name }) => name)
  }

  /** Throws when the options did not name it: then it may live in another task. */
  find(wanted: unknown, node: string): StoreSpec {
    const handle = this.#handles.find((known) => known === wanted)
    if (handle !== undefined) return handle.spec
    throw new ConfigError(
      'INVALID_OPTION',
      `${node} opens a store that its options do not name: name it in { stores: [...] }`,
    )
  }
}

/** The numbers of a processor as its operator calls them. */
export function numbersOf(metadata: readonly string[] | undefined): readonly string[] {
  return (metadata ?? []).map((name) => `u:${checkName('metadata', name)}`)
}
