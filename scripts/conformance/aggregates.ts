/** Aggregates of cases: of groups, and of groups in windows. */
import type { NodeCase } from './cases.ts'
import { MissingOperator } from './cases.ts'
import * as fns from './functions.ts'
import {
  aggregateType,
  type GroupedPart,
  storeOption,
  type TablePart,
  tablePart,
  type WindowedPart,
} from './parts.ts'
import { serdeOf } from './serdes.ts'

export function aggregated(node: NodeCase, from: GroupedPart): TablePart {
  const { grouped, key } = from
  const store = storeOption(node)
  switch (node.op) {
    case 'count':
      return tablePart(grouped.count(store), { key, value: 'long' })
    case 'reduce':
      return tablePart(grouped.reduce(fns.fold(node.adder), store), from)
    case 'aggregate': {
      const value = aggregateType(node)
      const table = grouped.aggregate(() => node.init ?? null, fns.fold(node.adder), {
        value: serdeOf(value),
        ...store,
      })
      return tablePart(table, { key, value })
    }
    default:
      throw new MissingOperator(node.op)
  }
}

export function aggregatedWindows(node: NodeCase, from: WindowedPart): TablePart {
  const { windowed, key, windows: over } = from
  const store = storeOption(node)
  switch (node.op) {
    case 'count':
      return tablePart(windowed.count(store), { key, value: 'long' }, over)
    case 'reduce':
      return tablePart(windowed.reduce(fns.fold(node.adder), store), from, over)
    case 'aggregate': {
      const value = aggregateType(node)
      const table = windowed.aggregate(() => node.init ?? null, fns.fold(node.adder), {
        value: serdeOf(value),
        ...store,
      })
      return tablePart(table, { key, value }, over)
    }
    default:
      throw new MissingOperator(node.op)
  }
}
