/** Built-in serdes; JSON also apart from its scan for integers that a number cannot hold. */
import { EMPTY_HEADERS } from '../../../lib/core/headers.ts'
import type { Serde, SerdeContext } from '../../../lib/core/serde.ts'
import { serdes as builtIn } from '../../../lib/core/serde.ts'
import { hasLongDigitRun } from '../../../lib/core/serdes/json-integers.ts'
import type { Case, Group } from './case.ts'
import { eventText, keyOf, RECORDS } from './case.ts'

const context: SerdeContext = { topic: 'in', part: 'value', headers: EMPTY_HEADERS }

/** The names under which main.ts finds what the scan costs, of text that is not read by its shape. */
export const SCAN = 'json scan alone'
export const WITHOUT_SCAN = 'json read by JSON.parse, without the scan'

function readAndWrite<T>(name: string, serde: Serde<T>, values: readonly T[]): Case[] {
  const bytes = values.map((value) => Buffer.from(serde.serialize(value, context)))
  return [
    {
      name: `${name} read`,
      records: RECORDS,
      run: () => {
        for (const data of bytes) serde.deserialize(data, context)
      },
    },
    {
      name: `${name} write`,
      records: RECORDS,
      run: () => {
        for (const value of values) serde.serialize(value, context)
      },
    },
  ]
}

export async function serdes(): Promise<Group> {
  const texts = Array.from({ length: RECORDS }, (_, at) => eventText(at))
  const events = texts.map((text) => JSON.parse(text) as unknown)
  // The space is all that keeps them from being read by their shape, which spares them the scan.
  const bytes = texts.map((text) => Buffer.from(text.replace('{', '{ ')))
  const unscanned = builtIn.json<unknown>({ integers: 'round' })
  const cases: Case[] = [
    ...readAndWrite('json', builtIn.json<unknown>(), events),
    {
      name: WITHOUT_SCAN,
      records: RECORDS,
      run: () => {
        for (const data of bytes) unscanned.deserialize(data, context)
      },
    },
    {
      name: SCAN,
      records: RECORDS,
      run: () => {
        let found = 0
        for (const data of bytes) if (hasLongDigitRun(data, 0, data.length)) found += 1
        if (found > 0) throw new RangeError('an event holds no such integer')
      },
    },
    {
      name: 'JSON.parse alone',
      records: RECORDS,
      run: () => {
        for (const text of texts) JSON.parse(text)
      },
    },
    ...readAndWrite(
      'string',
      builtIn.string,
      texts.map((_, at) => keyOf(at)),
    ),
    ...readAndWrite(
      'long',
      builtIn.long,
      texts.map((_, at) => at),
    ),
  ]
  return { cases, close: async () => undefined }
}
