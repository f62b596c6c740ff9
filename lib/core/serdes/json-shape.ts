/**
 * Reads the text of an object by the keys that earlier texts had: it knows what may come next, so it
 * looks at each char once, and values alone vary. Keys are kept as a tree, for the records of a topic
 * mostly begin alike.
 *
 * What it gives is what `JSON.parse` gives. It answers `undefined` to everything that it is not sure
 * of, and that includes text that is no JSON: white space, escapes, exponents, numbers of more than 15
 * chars. Only strings of 13 chars or more share memory with the text, as parts of it do in V8.
 */

/** A double holds them exactly, whatever they are; and so it does their quotient by a power of ten. */
const MAX_DIGITS = 15
const POWERS = Array.from({ length: MAX_DIGITS }, (_, places) => Number(`1e${places}`))
const MAX_DEPTH = 4
/** The gain shrinks with their number: a fifth at 24, less than a tenth at 40. */
const MAX_KEYS = 24
const MAX_BRANCHES = 8
const MAX_SIZE = 500

const QUOTE = 0x22
const MINUS = 0x2d
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const BACKSLASH = 0x5c

/** A key with the chars around it, or the end of an object; and all that has stood behind it. */
interface Step {
  readonly literal: string
  /** Undefined: the end. */
  readonly key: string | undefined
  readonly next: Step[]
  /** Before the first key of the objects in its value. */
  inner: Step | undefined
}

/** The keys of the texts of one serde. */
export class JsonShape {
  #start = stepOf('', undefined)
  #size = 0

  /** The value of the whole text, or undefined. */
  read(text: string): object | undefined {
    // No number then runs into the end, nor does any read but that of a string.
    if (!text.endsWith('}')) return undefined
    const read = readObject(text, 0, this.#start)
    return end === text.length ? read : undefined
  }

  /** Takes the keys of what JSON.parse gave. */
  learn(parsed: unknown): void {
    if (this.#size > MAX_SIZE) {
      this.#start = stepOf('', undefined)
      this.#size = 0
    }
    if (isObject(parsed)) this.#grow(this.#start, parsed, MAX_DEPTH)
  }

  #grow(start: Step, object: Readonly<Record<string, unknown>>, depth: number): void {
    const keys = Object.keys(object)
    if (keys.length > MAX_KEYS) return
    let step = start
    for (const key of keys) {
      // An assignment to it would not just add it.
      if (key in Object.prototype) return
      step = this.#behind(step, step === start ? '{' : ',', key)
      const value = object[key]
      const inner = Array.isArray(value) ? (value[0] as unknown) : value
      if (depth === 1 || !isObject(inner)) continue
      step.inner ??= stepOf('', undefined)
      this.#grow(step.inner, inner, depth - 1)
    }
    this.#behind(step, step === start ? '{}' : '}', undefined)
  }

  #behind({ next }: Step, before: string, key: string | undefined): Step {
    for (const known of next) if (known.key === key) return known
    const step = stepOf(key === undefined ? before : `${before}${JSON.stringify(key)}:`, key)
    if (next.length === MAX_BRANCHES) next.shift()
    next.push(step)
    this.#size += 1
    return step
  }
}

/** Where the value just read ends: a second result, for an object of two would cost every value. */
let end = 0

function stepOf(literal: string, key: string | undefined): Step {
  return { literal, key, next: [], inner: undefined }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readObject(text: string, from: number, start: Step): object | undefined {
  // Not a copy of a template: V8 makes those slowly once it has seen more than four shapes.
  const object: Record<string, unknown> = {}
  let step = stepAt(text, from, start.next)
  let at = from
  while (step !== undefined) {
    const { key } = step
    at += step.literal.length
    if (key === undefined) {
      end = at
      return object
    }
    const value = readValue(text, at, step.inner)
    if (value === undefined) return undefined
    object[key] = value
    at = end
    step = stepAt(text, at, step.next)
  }
  return undefined
}

function stepAt(text: string, at: number, steps: readonly Step[]): Step | undefined {
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index] as Step
    const { literal } = step
    // A part of the text is compared faster than with startsWith.
    if (text.substring(at, at + literal.length) === literal) return step
  }
  return undefined
}

function readValue(text: string, at: number, inner: Step | undefined): unknown {
  const code = text.charCodeAt(at)
  if (code === QUOTE) return readString(text, at + 1)
  if (code <= NINE) return readNumber(text, at)
  return readOther(text, at, inner)
}

function readString(text: string, from: number): string | undefined {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      end = at + 1
      return text.substring(from, at)
    }
    if (code < 0x20 || code === BACKSLASH) return undefined
  }
  return undefined
}

function readNumber(text: string, from: number): number | undefined {
  const isNegative = text.charCodeAt(from) === MINUS
  const first = isNegative ? from + 1 : from
  let mantissa = 0
  let dot = -1
  let at = first
  for (; ; at++) {
    const code = text.charCodeAt(at)
    if (code >= ZERO && code <= NINE) mantissa = mantissa * 10 + (code - ZERO)
    else if (code === DOT && dot < 0) dot = at
    else break
  }
  const whole = (dot < 0 ? at : dot) - first
  const places = at - first - whole - 1
  if (at - first > MAX_DIGITS || !isDecimal(text, first, whole, places)) return undefined
  end = at
  if (places > 0) mantissa /= POWERS[places] as number
  return isNegative ? -mantissa : mantissa
}

/** By its digits before and after the dot; there are -1 after it where there is no dot. */
function isDecimal(text: string, first: number, whole: number, places: number): boolean {
  if (whole > 1) return places !== 0 && text.charCodeAt(first) !== ZERO
  return whole === 1 && places !== 0
}

function readOther(text: string, at: number, inner: Step | undefined): unknown {
  switch (text[at]) {
    case '{':
      return inner && readObject(text, at, inner)
    case '[':
      return readArray(text, at + 1, inner)
    case 't':
      return readWord(text, at, 'true', true)
    case 'f':
      return readWord(text, at, 'false', false)
    case 'n':
      return readWord(text, at, 'null', null)
    default:
      return undefined
  }
}

function readWord<T>(text: string, at: number, word: string, value: T): T | undefined {
  end = at + word.length
  return text.substring(at, end) === word ? value : undefined
}

function readArray(text: string, from: number, inner: Step | undefined): unknown[] | undefined {
  const items: unknown[] = []
  if (text[from] === ']') {
    end = from + 1
    return items
  }
  for (let at = from; ; at = end + 1) {
    const item = text[at] === '[' ? undefined : readValue(text, at, inner)
    if (item === undefined) return undefined
    items.push(item)
    const next = text[end]
    if (next === ',') continue
    if (next !== ']') return undefined
    end += 1
    return items
  }
}
