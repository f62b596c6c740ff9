/** Adds processors of the user's, with the stores and numbers that their options name. */
import { NamedStores, numbersOf } from '../topology/named-stores.ts'
import type { ErasedSerde } from '../topology/nodes.ts'
import type { OperatorSupplier } from '../topology/operator.ts'
import {
  type ErasedFixedKeySupplier,
  type ErasedSupplier,
  fixedKeyProcessor,
  userProcessor,
} from '../topology/user-processor.ts'
import type { StreamPart } from './parts.ts'

/** Options of `process` and `processValues`, without their types. */
export interface ErasedProcessOptions {
  readonly key?: ErasedSerde
  readonly value?: ErasedSerde
  readonly name?: string
  readonly stores?: readonly unknown[]
  readonly metadata?: readonly string[]
}

/** A processor that may change keys: what is behind it is repartitioned where keys matter. */
export function processorNode(
  part: StreamPart,
  supplier: ErasedSupplier,
  options: ErasedProcessOptions,
): StreamPart {
  const at = add(part, 'process', options, (stores) => userProcessor(supplier, stores))
  return { ...at, key: options.key, value: options.value, rekeyed: true }
}

/** A processor that keeps the key. */
export function fixedKeyNode(
  part: StreamPart,
  supplier: ErasedFixedKeySupplier,
  options: ErasedProcessOptions,
): StreamPart {
  const at = add(part, 'process-values', options, (stores) => fixedKeyProcessor(supplier, stores))
  return { ...at, value: options.value }
}

function add(
  part: StreamPart,
  operator: string,
  options: ErasedProcessOptions,
  supplier: (stores: NamedStores) => OperatorSupplier,
): StreamPart {
  const { graph } = part
  const stores = new NamedStores(options.stores ?? [], graph.program)
  const numbers = numbersOf(options.metadata)
  // Its numbers are found again by its name, so a name that moves would lose them.
  const node = graph.stableName(options.name, part.scope, operator)
  if (numbers.length > 0) graph.noteUnnamed('processor', node)
  const name = options.name ?? graph.nodeFor(node.name)
  const traits = { stores: stores.names, numbers, mayBeAsync: true }
  graph.add(part, name, supplier(stores), traits)
  return { ...part, node: name, scope: options.name ?? part.scope }
}
