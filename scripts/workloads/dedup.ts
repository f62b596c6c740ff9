/** Records of which many are sent again within the horizon: each id comes out once, in order. */
import { StreamsBuilder, serdes } from 'millrace'
import type { InputRecord, Workload } from './workload.ts'
import { compareAsSets } from './workload.ts'

export const dedup: Workload = {
  name: 'dedup',
  topology: (prefix = '') => {
    const builder = new StreamsBuilder()
    builder
      .stream(`${prefix}dd-in`, { key: serdes.string, value: serdes.string })
      .dropDuplicates({ id: (value) => value, within: '10m', store: 'dd-seen' })
      .to(`${prefix}dd-out`)
    return builder.build()
  },
  inputTopics: ['dd-in'],
  outputTopic: 'dd-out',
  input: (pick, count) => {
    const records: InputRecord[] = []
    for (let at = 0; at < count; at++) {
      const timestamp = 1_000_000 + at * 20
      const back = pick(4) === 0 ? records[records.length - 1 - pick(20)] : undefined
      if (back !== undefined) records.push({ ...back, timestamp })
      else records.push({ topic: 'dd-in', key: `key-${pick(5)}`, value: `id-${at}`, timestamp })
    }
    return records
  },
  check: (input, output, _partitionOf, guarantee = 'exactly-once') => {
    const all = input.map(({ key, value }) => `${key}/${value}`)
    // At most once forgets ids, so a record that was sent again may pass: each of them once.
    const expected = guarantee === 'at-most-once' ? all : [...new Set(all)]
    const found = output.map(({ key, value }) => `${key}/${value}`)
    const wrong = compareAsSets(expected, found, guarantee)
    if (guarantee !== 'exactly-once') return wrong
    const latest = new Map<string, number>()
    for (const { key, value } of output) {
      const number = Number(value?.toString().slice(3))
      if (number < (latest.get(`${key}`) ?? -1)) wrong.push(`out of order: ${key}/${value}`)
      latest.set(`${key}`, number)
    }
    return wrong.slice(0, 10)
  },
}
