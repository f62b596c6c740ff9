/** Lines into counts, every change told: each word's counts must be 1, 2, 3 … without a break. */
import type { Guarantee } from 'millrace'
import { StreamsBuilder, serdes } from 'millrace'
import type { OutputRecord, Workload } from './workload.ts'

const WORDS = ['ant', 'bee', 'cat', 'dog', 'eel', 'fox', 'gnu', 'hen', 'ibis', 'jay', 'kiwi']

/** Every change is one output: as many as words at least, or at most. */
function checkTotals(
  totals: ReadonlyMap<string, number>,
  output: readonly OutputRecord[],
  guarantee: Guarantee,
): readonly string[] {
  const told = new Map<string, number>()
  for (const { key } of output) told.set(`${key}`, (told.get(`${key}`) ?? 0) + 1)
  const fits = (times: number, total: number): boolean =>
    guarantee === 'at-least-once' ? times >= total : times <= total
  return [...totals]
    .filter(([word, total]) => !fits(told.get(word) ?? 0, total))
    .map(([word, total]) => `${word}: told ${told.get(word) ?? 0} times, not ${total}`)
}

export const wordCount: Workload = {
  name: 'word-count',
  topology: (prefix = '') => {
    const builder = new StreamsBuilder()
    builder
      .stream(`${prefix}wc-lines`, { key: serdes.string, value: serdes.string })
      .flatMapValues((line) => line.split(' '), { value: serdes.string })
      .groupBy((word) => word, { key: serdes.string, name: 'wc-by-word' })
      .count({ store: 'wc-counts' })
      .toStream()
      .to(`${prefix}wc-out`)
    return builder.build()
  },
  inputTopics: ['wc-lines'],
  outputTopic: 'wc-out',
  input: (pick, count) =>
    Array.from({ length: count }, (_, at) => ({
      topic: 'wc-lines',
      key: `line-${at}`,
      value: Array.from({ length: 1 + pick(3) }, () => WORDS[pick(WORDS.length)]).join(' '),
      timestamp: 1_000_000 + at * 10,
    })),
  check: (input, output, _partitionOf, guarantee = 'exactly-once') => {
    const totals = new Map<string, number>()
    for (const { value } of input)
      for (const word of value.split(' ')) totals.set(word, (totals.get(word) ?? 0) + 1)
    if (guarantee !== 'exactly-once') return checkTotals(totals, output, guarantee)
    const wrong: string[] = []
    const seen = new Map<string, number>()
    for (const { key, value } of output) {
      const word = key.toString()
      const count = Number(value?.readBigInt64BE(0))
      const before = seen.get(word) ?? 0
      if (count !== before + 1) wrong.push(`${word}: ${count} follows ${before}`)
      seen.set(word, count)
    }
    for (const [word, total] of totals)
      if (seen.get(word) !== total) wrong.push(`${word}: ended at ${seen.get(word)}, not ${total}`)
    return wrong.slice(0, 10)
  },
}
