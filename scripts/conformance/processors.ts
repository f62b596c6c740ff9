/** The processors of the cases, written against the public Processor API. */
import type { ProcessorContext } from 'millrace'
import type { NodeCase } from './cases.ts'
import type { StreamPart } from './parts.ts'
import { nullableOf } from './serdes.ts'

type Context = ProcessorContext<unknown, unknown>

/** Tells the time of each call; passes records on if the case says so. */
export function punctuator(node: NodeCase, from: StreamPart): StreamPart {
  const { interval_ms: every = 1, type, forward_records: forwards = false, cancel_after } = node
  const time = type === 'WALL_CLOCK_TIME' ? 'wall-clock' : 'stream'
  const stream = from.stream.process(
    (context: Context) => {
      let calls = 0
      const schedule = context.schedule(every, time, (timestamp) => {
        context.forward({ key: 'punctuate', value: String(timestamp), timestamp })
        calls++
        if (calls === cancel_after) schedule[Symbol.dispose]()
      })
      return {
        process(record) {
          if (forwards) context.forward(record)
        },
      }
    },
    { key: nullableOf(from.key), value: nullableOf(from.value) },
  )
  return { ...from, stream }
}

/** Gives each record its value as timestamp. */
export function timestampFromValue(from: StreamPart): StreamPart {
  const stream = from.stream.process(
    (context: Context) => ({
      process: (record) => context.forward({ ...record, timestamp: Number(record.value) }),
    }),
    { key: nullableOf(from.key), value: nullableOf(from.value) },
  )
  return { ...from, stream }
}
