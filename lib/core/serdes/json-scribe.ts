/**
 * Writes plain objects as JSON by the keys that earlier ones had: those are kept as bytes, with what
 * stands around them, in a tree, and values are written between them into scratch memory.
 *
 * What it gives is what `JSON.stringify` gives, and is ASCII without integers beyond ±2^53. It answers
 * `undefined` to everything that it is not sure of: text that is long, not ASCII or to be escaped,
 * objects of a class, what says its text itself or has none. Getters then run a second time.
 */
import { types } from 'node:util'
import { isAscii } from '../bytes.ts'
import { putInteger } from './json-digits.ts'
import { JsonTrials } from './json-trials.ts'

/** The gain shrinks with the length of strings: a seventh at 1500 chars. */
const SIZE = 2048
/** What may follow a key or string that still fits: a number, and the ends of all objects. */
const ROOM = 64
const LIMIT = SIZE - ROOM
const MAX_DEPTH = 6
const MAX_BRANCHES = 8
const MAX_SIZE = 500

/** A mix of which a quarter is in vain is still written faster, one of a half is not. */
const LOSS = 2

const SPACE = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const OPEN = 0x5b
const BACKSLASH = 0x5c
const CLOSE = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const TILDE = 0x7e

/** A key of an object, and all that have stood behind it. */
interface Step {
  readonly key: string
  /** With the chars around it. */
  readonly literal: Uint8Array
  readonly next: Step[]
  /** Before the first key of the objects in its value. */
  inner: Step | undefined
}

const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')
const NULL = Buffer.from('null')

/** Of all serdes, for only one writes at a time. */
const scratch = Buffer.alloc(SIZE)
let isBusy = false
/** Steps that were made for what is being written. */
let made = 0
/** Where text ends that is not written. */
const NOT = -1

/** Of one serde. */
export class JsonScribe {
  #root = stepOf('', '')
  #size = 0
  readonly #trials = new JsonTrials(LOSS)

  /** What `JSON.stringify` would give; undefined: it must be asked. */
  write(value: unknown): string | undefined {
    // A getter of what is being written may write, too.
    if (typeof value !== 'object' || value === null || isBusy) return undefined
    if (this.#trials.skips()) return undefined
    const text = this.#textOf(value)
    if (text === undefined || made > 0) this.#trials.lost()
    else this.#trials.gained()
    return text
  }

  #textOf(value: object): string | undefined {
    if (this.#size > MAX_SIZE) {
      this.#root = stepOf('', '')
      this.#size = 0
    }
    isBusy = true
    made = 0
    try {
      const end = putObject(value, 0, this.#root, MAX_DEPTH)
      return end === NOT ? undefined : scratch.toString('latin1', 0, end)
    } catch {
      // A getter has thrown, and will again.
      return undefined
    } finally {
      isBusy = false
      this.#size += made
    }
  }
}

function stepOf(key: string, literal: string): Step {
  return { key, literal: Buffer.from(literal), next: [], inner: undefined }
}

/** The step is that of the key whose value it is. */
function putValue(value: unknown, at: number, step: Step, depth: number): number {
  if (typeof value === 'string') return putString(value, at)
  if (typeof value === 'number') return putNumber(value, at)
  if (value === true) return putBytes(TRUE, at)
  if (value === false) return putBytes(FALSE, at)
  if (value === null) return putBytes(NULL, at)
  return typeof value === 'object' && depth > 0 ? putObject(value, at, step, depth) : NOT
}

function putObject(object: object, from: number, step: Step, depth: number): number {
  if (Array.isArray(object)) return putArray(object, from, step, depth)
  if (!isPlain(object)) return NOT
  step.inner ??= stepOf('', '')
  const start = step.inner
  let last = start
  let at = from
  // Faster than Object.keys: V8 remembers where the properties are.
  for (const key in object) {
    const next = stepAt(last.next, key) ?? stepMade(last.next, last === start ? '{' : ',', key)
    if (next === undefined) return NOT
    at = putBytes(next.literal, at)
    if (at === NOT) return NOT
    at = putValue((object as Record<string, unknown>)[key], at, next, depth - 1)
    if (at === NOT) return NOT
    last = next
  }
  if (last === start) {
    scratch[at] = OPEN_BRACE
    at += 1
  }
  scratch[at] = CLOSE_BRACE
  return at + 1
}

function putArray(array: readonly unknown[], from: number, step: Step, depth: number): number {
  if (Object.getPrototypeOf(array) !== Array.prototype || saysItsText(array)) return NOT
  const { length } = array
  let at = from
  scratch[at] = OPEN
  at += 1
  for (let index = 0; index < length; index++) {
    if (index > 0) {
      scratch[at] = COMMA
      at += 1
    }
    at = at > LIMIT ? NOT : putValue(array[index], at, step, depth - 1)
    if (at === NOT) return NOT
  }
  scratch[at] = CLOSE
  return at + 1
}

/** Whether its properties are its own, and its text is theirs. */
function isPlain(object: object): boolean {
  if (Object.getPrototypeOf(object) !== Object.prototype || saysItsText(object)) return false
  for (const _ in Object.prototype) return false
  return !types.isBoxedPrimitive(object)
}

function saysItsText(object: object): boolean {
  return (object as { readonly toJSON?: unknown }).toJSON !== undefined
}

function stepAt(steps: readonly Step[], key: string): Step | undefined {
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index] as Step
    if (step.key === key) return step
  }
  return undefined
}

function stepMade(steps: Step[], before: string, key: string): Step | undefined {
  const literal = `${before}${JSON.stringify(key)}:`
  // A getter may delete a key, and what every object has would come to light.
  if (!isAscii(literal) || key in Object.prototype) return undefined
  if (steps.length === MAX_BRANCHES) steps.shift()
  const step = stepOf(key, literal)
  steps.push(step)
  made += 1
  return step
}

function putBytes(bytes: Uint8Array, from: number): number {
  const { length } = bytes
  if (from + length > LIMIT) return NOT
  for (let at = 0; at < length; at++) scratch[from + at] = bytes[at] as number
  return from + length
}

function putString(text: string, from: number): number {
  const { length } = text
  if (from + length > LIMIT) return NOT
  scratch[from] = QUOTE
  const first = from + 1
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at)
    if (code < SPACE || code > TILDE || code === QUOTE || code === BACKSLASH) return NOT
    scratch[first + at] = code
  }
  scratch[first + length] = QUOTE
  return first + length + 1
}

function putNumber(number: number, from: number): number {
  if (Number.isSafeInteger(number)) return putInteger(scratch, number, from)
  if (!Number.isFinite(number) || Number.isInteger(number)) return NOT
  const text = String(number)
  for (let at = 0; at < text.length; at++) scratch[from + at] = text.charCodeAt(at)
  return from + text.length
}
