/** The examples that `npm start` can run, each with records to feed it. */
import * as clickEnrichment from '../click-enrichment.ts'
import * as dedupPerUser from '../dedup-per-user.ts'
import * as ordersPayments from '../orders-payments.ts'
import * as pageViews from '../page-views.ts'
import * as wordCount from '../word-count.ts'
import { clickFeed, sequence } from './clicks.ts'
import type { FedRecord, Program } from './program.ts'

type Next = (now: number) => FedRecord

const COUNTRIES = ['Austria', 'Brazil', 'Chad', 'Denmark', 'Ecuador']
const WORDS = 'the quick brown fox jumps over the lazy dog while the mill turns'.split(' ')

const text = (bytes: Buffer): string => bytes.toString('utf8')
const long = (bytes: Buffer): string => bytes.readBigInt64BE(0).toString()

/** Java's topic format of a windowed key: the key, then the start of its window. */
function windowed(key: Buffer): { readonly start: string; readonly key: string } {
  const at = key.length - 8
  const start = new Date(Number(key.readBigInt64BE(at))).toISOString()
  return { start: start.slice(0, 16).replace('T', ' '), key: text(key.subarray(0, at)) }
}

function lineFeed(): () => FedRecord {
  const pick = sequence(3)
  const word = (): string => WORDS[pick(WORDS.length)] ?? 'the'
  return () => ({ key: null, value: `${word()} ${word()} ${word()} ${word()}` })
}

function activityFeed(): Next {
  const pick = sequence(5)
  let count = 0
  let last: FedRecord | undefined
  return (now) => {
    count += 1
    if (count % 10 === 0 && last !== undefined) return last
    const user = String.fromCharCode(97 + pick(9))
    // Nanoseconds since the epoch are beyond what a JavaScript number holds, so text is built.
    const time = `${now}${String(count % 1_000_000).padStart(6, '0')}`
    last = { key: null, value: `{"User":"${user}","gt":"walk","Creation_Time":${time}}` }
    return last
  }
}

function orderFeed(): readonly [orders: Next, payments: Next] {
  const pick = sequence(11)
  let ordered = 0
  let paid = 0
  let run = 0
  // Of this run alone: an order of an earlier one would find the payments of this one.
  const idOf = (count: number, now: number): string => {
    if (run === 0) run = now
    return `order-${run}-${count}`
  }
  return [
    (now) => {
      const id = idOf(++ordered, now)
      return { key: id, value: JSON.stringify({ id, amount: 10 + pick(90) }) }
    },
    (now) => {
      const value = { orderId: idOf(++paid, now), paid: 10 + pick(90) }
      return { key: null, value: JSON.stringify(value) }
    },
  ]
}

const [orders, payments] = orderFeed()

export const programs: ReadonlyMap<string, Program> = new Map<string, Program>([
  [
    'page-views',
    {
      what: 'views per page and minute, repeats dropped, each window told once',
      topology: pageViews.topology,
      feeds: [{ topic: 'clicks', next: clickFeed() }],
      output: {
        topic: 'views-per-minute',
        columns: ['window', 'page', 'views'],
        row: (key, value) => [windowed(key).start, windowed(key).key, long(value)],
      },
    },
  ],
  [
    'word-count',
    {
      what: 'how often each word was seen',
      topology: wordCount.topology,
      feeds: [{ topic: 'lines', next: lineFeed() }],
      output: {
        topic: 'word-counts',
        columns: ['word', 'count'],
        row: (key, value) => [text(key), long(value)],
      },
    },
  ],
  [
    'dedup-per-user',
    {
      what: 'activities per user, each counted once',
      topology: dedupPerUser.topology,
      feeds: [{ topic: 'activity', next: activityFeed() }],
      output: {
        topic: 'activities-per-user',
        columns: ['user', 'activities'],
        row: (key, value) => [text(key), long(value)],
      },
    },
  ],
  [
    'click-enrichment',
    {
      what: 'clicks with the profile of their user: a stream looks into a table',
      topology: clickEnrichment.topology,
      feeds: [
        {
          topic: 'profiles',
          rows: Array.from({ length: 200 }, (_, user) => ({
            key: `user-${user}`,
            value: JSON.stringify({ name: `Name ${user}`, country: COUNTRIES[user % 5] }),
          })),
        },
        { topic: 'clicks', next: clickFeed() },
      ],
      output: {
        topic: 'rich-clicks',
        columns: ['user', 'click'],
        row: (key, value) => [text(key), text(value)],
      },
    },
  ],
  [
    'orders-payments',
    {
      what: 'orders and payments within ten minutes of each other',
      topology: ordersPayments.topology,
      feeds: [
        { topic: 'orders', next: orders },
        { topic: 'payments', next: payments },
      ],
      output: {
        topic: 'settlements',
        columns: ['order', 'settlement'],
        row: (key, value) => [text(key), text(value)],
      },
    },
  ],
])
