/** Checks what JSON held: by a Standard Schema (zod, valibot, arktype), or by a function. */
import type { StandardSchema } from '../serde.ts'

/** Returns what the record becomes, or throws what is wrong with it. */
export type Check<T> = (input: unknown) => T

interface Issue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** Tells a schema from options; arktype's schemas are functions, so a function may be one too. */
export function isStandardSchema(value: unknown): value is StandardSchema<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    '~standard' in value
  )
}

/** A check by a schema, which must answer synchronously. */
export function schemaCheck<T>(schema: StandardSchema<T>): Check<T> {
  const { validate, vendor } = schema['~standard']
  return (input) => {
    const result = validate(input)
    if (typeof result !== 'object' || result === null)
      throw new TypeError(`the schema of ${vendor} gave no result`)
    if ('then' in result)
      throw new TypeError(`the schema of ${vendor} is asynchronous: serdes need a synchronous one`)
    if ('issues' in result && Array.isArray(result.issues))
      throw new TypeError(result.issues.map(textOf).join('; '))
    // What the vendor promises by the standard: no issues, so a value of the output type.
    return (result as { readonly value: T }).value
  }
}

function textOf({ message, path = [] }: Issue): string {
  const at = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
  return at === '' ? message : `${at}: ${message}`
}
