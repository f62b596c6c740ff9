/**
 * The graph that a `StreamsBuilder` and its streams grow: the program, the names that nobody gave,
 * and whether it is still open.
 *
 * 1. A generated name is the nearest name of the user's, the operator, an ordinal from 1. Stateless
 *    operators count apart from stateful ones, so adding one moves no store and no topic.
 * 2. After `build` nothing is added any more.
 */

import { milliseconds } from '../core/duration.ts'
import { ConfigError } from '../core/errors.ts'
import type { StoreHandle, StoreOptions } from '../state/stores.ts'
import type { Program } from '../topology/nodes.ts'
import type { OperatorSupplier } from '../topology/operator.ts'
import { ProgramBuilder } from '../topology/program-builder.ts'
import type { StoreOption } from './options.ts'
import type { Makers, Place } from './parts.ts'

/** What a processor node has besides its name, parent and supplier. */
export interface NodeTraits {
  readonly stores?: readonly string[]
  readonly numbers?: readonly string[]
  readonly addressed?: boolean
  readonly mayBeAsync?: boolean
}

/** A name that stays through deploys, or one that moves with the program. */
export interface ChosenName {
  readonly name: string
  readonly generated: boolean
}

export class Graph {
  readonly make: Makers
  readonly #program = new ProgramBuilder()
  readonly #ordinals = new Map<string, number>()
  /** Stores and topics with generated names, as `requireNames` shows them. */
  readonly #unnamed: string[] = []
  /** Checked when everything is known. */
  readonly #checks: (() => void)[] = []
  #built = false

  constructor(make: Makers) {
    this.make = make
  }

  /** Everything that adds to the program goes through here. */
  get program(): ProgramBuilder {
    if (this.#built)
      throw new ConfigError(
        'BUILT',
        'the topology was built already, and nothing can be added to it: make a new StreamsBuilder',
      )
    return this.#program
  }

  /** Ends it. Throws what only the whole program shows. */
  build(requireNames: boolean): Program {
    const { program } = this
    for (const check of this.#checks) check()
    if (requireNames && this.#unnamed.length > 0)
      throw new ConfigError(
        'NAME_REQUIRED',
        `these have no name of yours, so a change of the program could rename them and lose what they hold: ${this.#unnamed.join(', ')}`,
      )
    this.#built = true
    return program.program()
  }

  /** Runs at `build`. */
  checkAtBuild(check: () => void): void {
    this.#checks.push(check)
  }

  /** Adds a processor behind a place and returns the node's name. */
  add(at: Place, name: string, supplier: OperatorSupplier, traits: NodeTraits = {}): string {
    return this.addBehind([at.node], name, supplier, traits)
  }

  addBehind(
    parents: readonly string[],
    name: string,
    supplier: OperatorSupplier,
    traits: NodeTraits = {},
  ): string {
    const { stores = [], numbers = [], addressed = false, mayBeAsync = false } = traits
    this.program.addProcessor({
      kind: 'processor',
      name,
      parents,
      supplier,
      stores,
      numbers,
      addressed,
      mayBeAsync,
    })
    return name
  }

  /** The name of a node that nobody names. */
  nodeName(scope: string, operator: string): string {
    return this.#next(`${scope}-${operator}`, (name) => this.#program.has(name))
  }

  /** A name for a node that follows from another name, which may be taken by a topic or a user. */
  nodeFor(name: string): string {
    if (!this.#program.has(name)) return name
    let ordinal = 2
    while (this.#program.has(`${name}-${ordinal}`)) ordinal += 1
    return `${name}-${ordinal}`
  }

  /** The name of something that outlives a deploy: the user's, or a generated one. */
  stableName(given: string | undefined, scope: string, operator: string): ChosenName {
    if (given !== undefined) return { name: given, generated: false }
    return { name: this.#next(`${scope}-${operator}`, () => false), generated: true }
  }

  /** Remembers for `requireNames` what has a generated name. */
  noteUnnamed(what: string, { name, generated }: ChosenName): void {
    if (generated) this.#unnamed.push(`${what} ${name}`)
  }

  /** Records of one key must be found in one task, whichever of these sources they came from. */
  requireAlike(node: string, sources: readonly string[]): void {
    this.program.requireCopartition(node, [...new Set(sources)])
  }

  /** Adds the store behind a handle, once. */
  addStore(handle: StoreHandle<unknown, unknown>): string {
    this.program.addStore(handle.spec)
    return handle.name
  }

  #next(stem: string, taken: (name: string) => boolean): string {
    for (;;) {
      const ordinal = (this.#ordinals.get(stem) ?? 0) + 1
      this.#ordinals.set(stem, ordinal)
      const name = `${stem}-${ordinal}`
      if (!taken(name)) return name
    }
  }
}

/** The options of a store whose name may be all that was given. */
export function storeOptions(option: StoreOption | undefined): Partial<StoreOptions> {
  const store = option?.store
  return typeof store === 'string' ? { name: store } : (store ?? {})
}

/** How far back a windowed store keeps: at least what its windows need. */
export function retentionMs(
  options: Partial<StoreOptions>,
  neededMs: number,
  store: string,
): number {
  if (options.retention === undefined) return neededMs
  const wanted = milliseconds(options.retention, `retention of store '${store}'`)
  if (wanted >= neededMs) return wanted
  throw new ConfigError(
    'INVALID_OPTION',
    `retention of store '${store}' is ${wanted} ms, its windows and their grace need ${neededMs} ms: give that or more, or leave it out`,
  )
}
