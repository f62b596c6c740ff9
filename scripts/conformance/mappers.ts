/** The operators that make each record into others: map, flatMap, and their kin. */
import type { Serde } from 'millrace'
import type { NodeCase } from './cases.ts'
import { MissingOperator } from './cases.ts'
import * as fns from './functions.ts'
import type { StreamPart } from './parts.ts'
import { nullableOf } from './serdes.ts'

export function mapped(node: NodeCase, from: StreamPart): StreamPart {
  const { stream } = from
  switch (node.op) {
    case 'mapValues': {
      const { apply, type } = fns.valueMapper(node.mapper)
      const value = type(from)
      return { ...from, stream: stream.mapValues(apply, { value: nullableOf(value) }), value }
    }
    case 'map': {
      const { apply, types } = fns.pairMapper(node.mapper)
      const to = types(from)
      const made = stream.map((value, key) => apply(key, value), nullables(to))
      return { kind: 'stream', stream: made, ...to }
    }
    case 'selectKey': {
      const { apply, type } = fns.keySelector(node.mapper)
      const key = type(from)
      const made = stream.selectKey(apply, { key: nullableOf(key) })
      return { kind: 'stream', stream: made, key, value: from.value }
    }
    case 'flatMap': {
      const { apply, types } = fns.flatMapper(node.mapper)
      const to = types(from)
      return { kind: 'stream', stream: stream.flatMap(apply, nullables(to)), ...to }
    }
    case 'flatMapValues': {
      const apply = fns.flatValueMapper(node.mapper)
      const made = stream.flatMapValues<unknown>(apply, { value: nullableOf('string') })
      return { ...from, stream: made, value: 'string' }
    }
    default:
      throw new MissingOperator(node.op)
  }
}

function nullables(of: fns.Types): {
  readonly key: Serde<unknown>
  readonly value: Serde<unknown>
} {
  return { key: nullableOf(of.key), value: nullableOf(of.value) }
}
