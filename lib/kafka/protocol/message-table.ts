/**
 * How a message table is written, and the TypeScript types that follow from one.
 *
 * A table is Kafka's own message definition as data: field names in camel case, versions by `from`
 * and `to` (inclusive), `nullable` from a version on, `tag` for tagged fields. The same table is read
 * by the client (encodes requests, decodes answers) and by the broker (the other way round).
 */

/** TypeScript's type of each scalar. int64 is exact within ±2^53; a uuid is 32 hex digits. */
export interface Scalars {
  readonly bool: boolean
  readonly int8: number
  readonly int16: number
  readonly int32: number
  readonly int64: number
  readonly uint16: number
  readonly float64: number
  readonly uuid: string
  readonly string: string
  readonly bytes: Buffer
  /** Record batches: passed on in a piece of their own, never copied. */
  readonly records: Buffer
}

export type ScalarName = keyof Scalars

export interface Field {
  readonly name: string
  readonly type: ScalarName | 'array' | 'struct'
  /** Elements of an array: a scalar, or the fields of a struct. */
  readonly of?: ScalarName | readonly Field[]
  /** First version that has it. 0. */
  readonly from?: number
  /** Last version that has it. */
  readonly to?: number
  /** First version in which it may be null. */
  readonly nullable?: number
  /** Its tag, in flexible versions from `from` on. */
  readonly tag?: number
  /** What an absent one is; with it an encoder may leave the field out. */
  readonly default?: number | string | boolean | null | readonly never[]
}

export interface Api {
  readonly name: string
  readonly key: number
  readonly min: number
  readonly max: number
  /** First flexible version: compact lengths, tag sections, header v2. */
  readonly flexible: number
  readonly request: readonly Field[]
  readonly response: readonly Field[]
}

type ElementOf<O, Input extends boolean> = O extends ScalarName
  ? Scalars[O]
  : O extends readonly Field[]
    ? StructOf<O, Input>
    : never

type PresentOf<F extends Field, Input extends boolean> = F['type'] extends ScalarName
  ? Scalars[F['type']]
  : F['type'] extends 'array'
    ? readonly ElementOf<F['of'], Input>[]
    : ElementOf<F['of'], Input>

type ValueOf<F extends Field, Input extends boolean> = F extends { readonly nullable: number }
  ? PresentOf<F, Input> | null
  : PresentOf<F, Input>

type Optional<F, Input extends boolean> = Input extends true
  ? F extends { readonly default: unknown }
    ? F
    : never
  : never

/** The struct of these fields; as an encoder's input, what has a default may be left out. */
export type StructOf<T extends readonly Field[], Input extends boolean> = {
  readonly [F in Exclude<T[number], Optional<T[number], Input>> as F['name']]: ValueOf<F, Input>
} & {
  readonly [F in Optional<T[number], Input> as F extends Field
    ? F['name']
    : never]?: F extends Field ? ValueOf<F, Input> : never
}

/** A decoded request: fields that its version lacks have their defaults. */
export type RequestOf<A extends Api> = StructOf<A['request'], false>
/** A decoded answer. */
export type ResponseOf<A extends Api> = StructOf<A['response'], false>
/** A request to encode. */
export type RequestInput<A extends Api> = StructOf<A['request'], true>
/** An answer to encode. */
export type ResponseInput<A extends Api> = StructOf<A['response'], true>

export interface VersionLayout {
  readonly flexible: boolean
  readonly fields: readonly Field[]
  readonly tagged: readonly Field[]
}

const layouts = new WeakMap<readonly Field[], Map<number, VersionLayout>>()

/** The fields that a version has, in order; made once for each. */
export function layoutOf(
  fields: readonly Field[],
  version: number,
  flexible: boolean,
): VersionLayout {
  let versions = layouts.get(fields)
  if (versions === undefined) {
    versions = new Map()
    layouts.set(fields, versions)
  }
  let layout = versions.get(version)
  if (layout === undefined) {
    const present = fields.filter(
      ({ from = 0, to = Number.POSITIVE_INFINITY }) => from <= version && version <= to,
    )
    layout = {
      flexible,
      fields: present.filter(({ tag }) => tag === undefined),
      tagged: present.filter(({ tag }) => tag !== undefined),
    }
    versions.set(version, layout)
  }
  return layout
}
