/** The types of the cases as serdes; null keys and tombstones are always let in. */
import type { Serde } from 'millrace'
import { serdes } from 'millrace'
import { MissingOperator } from './cases.ts'

const SERDES: Readonly<Record<string, Serde<unknown>>> = {
  string: erased(serdes.string),
  int: erased(serdes.int),
  long: erased(serdes.long),
  double: erased(serdes.double),
}

/** The type that a case names; it hands in values of that type only. */
function erased<T>(serde: Serde<T>): Serde<unknown> {
  return serde as unknown as Serde<unknown>
}

export function serdeOf(type: string): Serde<unknown> {
  const found = Object.hasOwn(SERDES, type) ? SERDES[type] : undefined
  if (found === undefined) throw new MissingOperator(`type '${type}'`)
  return found
}

export function nullableOf(type: string): Serde<unknown> {
  return serdes.nullable(serdeOf(type))
}
