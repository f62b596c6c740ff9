/** The named functions of the cases. Null renders as the text `null` in a concatenation. */
import type { NamedFunction } from './cases.ts'
import { MissingOperator } from './cases.ts'

type Fn2 = (a: unknown, b: unknown) => unknown

export interface Pair {
  readonly key: unknown
  readonly value: unknown
}

function named(kind: string, fn: NamedFunction | undefined): { name: string; arg: string } {
  if (fn === undefined) throw new MissingOperator(`${kind} without a function`)
  if (typeof fn !== 'string') return { name: fn.fn, arg: String(fn.arg ?? '') }
  // `valueStartsWith:arg` is the same in one string.
  const colon = fn.indexOf(':')
  return colon < 0 ? { name: fn, arg: '' } : { name: fn.slice(0, colon), arg: fn.slice(colon + 1) }
}

function pick<F>(kind: string, table: Readonly<Record<string, F>>, name: string): F {
  const found = Object.hasOwn(table, name) ? table[name] : undefined
  if (found === undefined) throw new MissingOperator(`${kind} '${name}'`)
  return found
}

/** As Java joins texts: null, and a side that is not there, are the text `null`. */
function text(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value !== 'object' || !('start' in value) || !('end' in value)) return String(value)
  return `[${'key' in value ? text(value.key) : ''}@${value.start}/${value.end}]`
}

function plus(a: unknown, b: unknown): unknown {
  return typeof a === 'number' && typeof b === 'number' ? a + b : text(a) + text(b)
}

const JOINERS: Readonly<Record<string, Fn2>> = {
  dash: (l, r) => `${text(l)}-${text(r)}`,
  plus: (l, r) => `${text(l)}+${text(r)}`,
  paren: (l, r) => `(${text(l)},${text(r)})`,
  comma: (l, r) => `${text(l)},${text(r)}`,
  left: (l) => l ?? null,
  right: (_l, r) => r ?? null,
}

export function joiner(fn: NamedFunction | undefined): (left: unknown, right: unknown) => unknown {
  return pick('joiner', JOINERS, named('joiner', fn).name)
}

type Predicate = (value: unknown, key: unknown) => boolean

export function predicate(fn: NamedFunction | undefined): Predicate {
  const { name, arg } = named('predicate', fn)
  const table: Readonly<Record<string, Predicate>> = {
    valueNotNull: (value) => value !== null && value !== undefined,
    valueStartsWith: (value) => value !== null && text(value).startsWith(arg),
    keyStartsWith: (_value, key) => key !== null && text(key).startsWith(arg),
    valueEven: (value) => Number(value) % 2 === 0,
    valueGreaterThan: (value) => value !== null && Number(value) > Number(arg),
    valueLengthGreaterThan: (value) => value !== null && text(value).length > Number(arg),
    valueModulo: (value) => {
      const [modulus, rest] = arg.split(',').map(Number)
      return Number(value) % (modulus ?? 1) === rest
    },
    always: () => true,
    never: () => false,
  }
  return pick('predicate', table, name)
}

/** A function with the type that it makes, given the one that it takes. */
export interface Typed<F> {
  readonly apply: F
  readonly type: (of: Types) => string
}

export function valueMapper(fn: NamedFunction | undefined): Typed<(value: unknown) => unknown> {
  const { name, arg } = named('mapper', fn)
  const same = ({ value }: Types): string => value
  const string = (): string => 'string'
  const table: Readonly<Record<string, Typed<(value: unknown) => unknown>>> = {
    upper: { apply: (value) => (value === null ? null : text(value).toUpperCase()), type: string },
    append: { apply: (value) => text(value) + arg, type: string },
    length: { apply: (value) => (value === null ? null : text(value).length), type: () => 'int' },
    toString: { apply: text, type: string },
    identity: { apply: (value) => value, type: same },
    timesTen: { apply: (value) => (value === null ? null : Number(value) * 10), type: same },
    throwOn: {
      apply: (value) => {
        if (text(value) === arg) throw new RangeError(`the value is ${arg}`)
        return value
      },
      type: same,
    },
  }
  return pick('mapper', table, name)
}

/** Makes a key and a value, and says of what types. */
export interface PairMapper {
  readonly apply: (key: unknown, value: unknown) => Pair
  readonly types: (of: Types) => Types
}

export interface Types {
  readonly key: string
  readonly value: string
}

const PAIRS: Readonly<Record<string, PairMapper>> = {
  identity: { apply: (key, value) => ({ key, value }), types: (of) => of },
  swap: {
    apply: (key, value) => ({ key: value, value: key }),
    types: ({ key, value }) => ({ key: value, value: key }),
  },
  keyFromValue: {
    apply: (_key, value) => ({ key: value, value }),
    types: ({ value }) => ({ key: value, value }),
  },
  splitValueAtDashAsKeyValue: {
    apply: (_key, value) => {
      const [key = null, rest = null] = text(value).split('-')
      return { key, value: rest }
    },
    types: () => ({ key: 'string', value: 'string' }),
  },
  keyChars01: {
    apply: (key) => ({ key: text(key).charAt(0), value: text(key).charAt(1) }),
    types: () => ({ key: 'string', value: 'string' }),
  },
  valueValueNullAware: {
    apply: (key, value) => {
      if (key === 'null') return { key: null, value }
      return key === 'NULL' ? { key: null, value: null } : { key: value, value }
    },
    types: ({ value }) => ({ key: value, value }),
  },
}

export function pairMapper(fn: NamedFunction | undefined): PairMapper {
  return pick('mapper', PAIRS, named('mapper', fn).name)
}

type Selector = (value: unknown, key: unknown) => unknown

export function keySelector(fn: NamedFunction | undefined): Typed<Selector> {
  const { name, arg } = named('mapper', fn)
  const string = (): string => 'string'
  const afterNull = (value: unknown, separator: string): string | null =>
    text(value).split(separator)[1] ?? null
  const table: Readonly<Record<string, Typed<Selector>>> = {
    value: { apply: (value) => value, type: (of) => of.value },
    key: { apply: (_value, key) => key, type: (of) => of.key },
    firstCharOfValue: { apply: (value) => text(value).charAt(0), type: string },
    valueLength: { apply: (value) => text(value).length, type: () => 'int' },
    valueBeforeDash: { apply: (value) => text(value).split('-')[0] ?? null, type: string },
    valueAfterComma: { apply: (value) => afterNull(value, ','), type: string },
    valueAfterPipe: {
      apply: (value) => {
        const after = afterNull(value, '|')
        return after === 'returnNull' ? null : after
      },
      type: string,
    },
    constant: { apply: () => arg, type: string },
  }
  return pick('mapper', table, name)
}

interface FlatMapper {
  readonly apply: (value: unknown, key: unknown) => readonly Pair[]
  readonly types: (of: Types) => Types
}

const FLAT: Readonly<Record<string, FlatMapper>> = {
  splitWordsSwap: {
    apply: (value, key) => words(value).map((word) => ({ key: word, value: key })),
    types: ({ key }) => ({ key: 'string', value: key }),
  },
  repeatByValue: {
    apply: (value, key) =>
      Array.from({ length: Number(value) }, (_, i) => ({ key: `${text(key)}#${i}`, value })),
    types: ({ value }) => ({ key: 'string', value }),
  },
}

export function flatMapper(fn: NamedFunction | undefined): FlatMapper {
  return pick('mapper', FLAT, named('mapper', fn).name)
}

export function flatValueMapper(
  fn: NamedFunction | undefined,
): (value: unknown) => readonly string[] {
  const table: Readonly<Record<string, (value: unknown) => readonly string[]>> = {
    words,
    chars: (value) => (value === null ? [] : [...text(value)]),
  }
  return pick('mapper', table, named('mapper', fn).name)
}

function words(value: unknown): readonly string[] {
  return value === null ? [] : text(value).split(' ')
}

const FOLDS: Readonly<Record<string, Fn2>> = {
  appendPlus: (a, b) => `${text(a)}+${text(b)}`,
  appendMinus: (a, b) => `${text(a)}-${text(b)}`,
  concat: (a, b) => text(a) + text(b),
  colon: (a, b) => `${text(a)}:${text(b)}`,
  commaList: (a, b) => (a === '' || a === null ? text(b) : `${text(a)},${text(b)}`),
  sum: plus,
  subtract: (a, b) => Number(a) - Number(b),
  countUp: (a) => Number(a) + 1,
  countDown: (a) => Number(a) - 1,
  max: (a, b) => (Number(a) >= Number(b) ? a : b),
  latest: (_a, b) => b,
  sumParsed: (a, b) => Number(a) + Number.parseInt(text(b), 10),
  removeOccurrences: (a, b) => text(a).split(text(b)).join(''),
  nullIfNegative: (a, b) => (Number(b) < 0 ? null : plus(a, b)),
}

/** `(aggregate, value)`, also of a reducer and of a merger. */
export function fold(fn: NamedFunction | undefined): Fn2 {
  return pick('function', FOLDS, named('function', fn).name)
}
