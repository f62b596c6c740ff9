/** The command line of `npm start`: what was asked for, or one line that says what to do. */
import { parseArgs } from 'node:util'
import type { LogLevel } from 'millrace'

export interface Arguments {
  readonly name: string
  /** The user's Kafka; `undefined`: the embedded broker. */
  readonly brokers: readonly string[] | undefined
  /** Of the embedded broker; `undefined`: 9092, or any free one. */
  readonly port: number | undefined
  /** Where state lies; `undefined`: in ./millrace-state, or nowhere with the embedded broker. */
  readonly state: string | undefined
  /** Input records a second. */
  readonly rate: number
  /** Ends by itself after so many seconds. */
  readonly seconds: number | undefined
  readonly log: LogLevel
}

/** What the user can mend; printed without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const usage = (names: readonly string[]): string => `npm start [-- NAME] [options]

  NAME                 ${names.join(', ')} (page-views)
  --brokers HOST:PORT  run on this Kafka instead of the embedded broker
  --port PORT          where the embedded broker listens (9092, or any free port)
  --state DIR          where state is kept on your Kafka (./millrace-state)
  --rate N             input records a second (1000)
  --for SECONDS        end by itself after that time
  --log LEVEL          silent, error, warn, info, debug (error)
`

const HIGHEST_PORT = 65_535
/** A demo's client on the same machine sends no more. */
const HIGHEST_RATE = 100_000
/** A day; timers hold no more than 24. */
const LONGEST_S = 86_400
const LEVELS: readonly LogLevel[] = ['silent', 'error', 'warn', 'info', 'debug']

function wholeNumber(
  text: string | undefined,
  option: string,
  highest: number,
): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 1 && value <= highest) return value
  throw new UsageError(`--${option} ${text}: a whole number from 1 to ${highest} is expected`)
}

function addresses(text: string | undefined): readonly string[] | undefined {
  const brokers = text?.split(',').map((address) => address.trim())
  if (brokers?.every((address) => /^[^\s:]+:\d+$|^\[[^\s\]]+\]:\d+$/.test(address)) ?? true)
    return brokers
  throw new UsageError(`--brokers ${text}: HOST:PORT[,HOST:PORT…] is expected`)
}

function parse(words: readonly string[]): ReturnType<typeof parseArgs> {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        brokers: { type: 'string' },
        port: { type: 'string' },
        state: { type: 'string' },
        rate: { type: 'string' },
        for: { type: 'string' },
        log: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    const text = typeof error === 'object' && error !== null && 'message' in error
    throw new UsageError(`${text ? error.message : error}. Try: npm start -- --help`, {
      cause: error,
    })
  }
}

/** `undefined` when only help was asked for. Throws a {@link UsageError}. */
export function readArguments(
  words: readonly string[],
  names: readonly string[],
): Arguments | undefined {
  const { values, positionals } = parse(words)
  if (values.help === true) return undefined
  const [name = 'page-views', ...more] = positionals
  const text = (option: string): string | undefined => {
    const value = values[option]
    return typeof value === 'string' ? value : undefined
  }
  if (!names.includes(name)) throw new UsageError(`no topology '${name}': ${names.join(', ')}`)
  if (more.length > 0) throw new UsageError(`one topology at a time: ${more.join(' ')} is too much`)
  const log = LEVELS.find((level) => level === (text('log') ?? 'error'))
  if (log === undefined) throw new UsageError(`--log ${text('log')}: one of ${LEVELS.join(', ')}`)
  const brokers = addresses(text('brokers'))
  const state = text('state')
  if (state !== undefined && brokers === undefined)
    throw new UsageError(
      '--state goes with --brokers: the embedded broker forgets with its process',
    )
  return {
    name,
    brokers,
    port: wholeNumber(text('port'), 'port', HIGHEST_PORT),
    state,
    rate: wholeNumber(text('rate'), 'rate', HIGHEST_RATE) ?? 1000,
    seconds: wholeNumber(text('for'), 'for', LONGEST_S),
    log,
  }
}
