/**
 * Writes JSON as `JSON.stringify` does, but for two things that it cannot: properties in sorted
 * order, so that equal keys are equal bytes, and bigints as integers.
 */
import { types } from 'node:util'

/** The text, or `undefined` for what has none: undefined, functions, symbols. */
export function writeJson(value: unknown, sorted: boolean): string | undefined {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return writeJson(value.toJSON(), sorted)
  if (types.isBoxedPrimitive(value)) return writeJson(value.valueOf(), sorted)
  if (Array.isArray(value))
    return `[${value.map((item) => writeJson(item, sorted) ?? 'null').join(',')}]`
  return writeProperties(value, sorted)
}

function writeProperties(value: object, sorted: boolean): string {
  const properties = Object.entries(value)
  if (sorted) properties.sort(([left], [right]) => (left < right ? -1 : 1))
  const written: string[] = []
  for (const [name, property] of properties) {
    const text = writeJson(property, sorted)
    if (text !== undefined) written.push(`${JSON.stringify(name)}:${text}`)
  }
  return `{${written.join(',')}}`
}
