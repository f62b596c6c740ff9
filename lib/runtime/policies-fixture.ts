/** For the tests of error policies: a task of which a record can fail, and what its dead letters say. */
import type { ErrorAction, ErrorPolicies } from '../core/errors.ts'
import { serdes } from '../core/serde.ts'
import type { SourceNode, SubTopology } from '../topology/nodes.ts'
import type { OperatorSupplier } from '../topology/operator.ts'
import { type FixtureTask, FixtureTopology } from './task-fixture.ts'

export const DEAD: ErrorAction = { deadLetter: 'dead' }

/** Forwards twice and sets a number, before and behind what may fail. */
export const doubling: OperatorSupplier = (context) => ({
  process(key, value, timestamp, headers) {
    context.setNumber('t', timestamp)
    context.forward(key, `${value}-1`, timestamp, headers)
    if (value === 'bad') throw new RangeError('not this one')
    context.forward(key, `${value}-2`, timestamp, headers)
  },
})

export function topology(source: Partial<SourceNode> = {}): SubTopology {
  return new FixtureTopology()
    .source('in', source)
    .processor('doubling', 'in', doubling, { numbers: ['t'] })
    .sink('out', 'doubling', { key: serdes.json<unknown>() })
    .build()
}

export function all(action: ErrorAction): ErrorPolicies {
  return { decode: action, process: action, produce: action }
}

/** What a dead letter says, by the names of its headers without their prefixes. */
export function said(fixture: FixtureTask): Record<string, string> {
  const letter = fixture.collector.sent.find(({ topic }) => topic === 'dead')
  const words: Record<string, string> = {}
  for (const [name, value] of letter?.headers ?? [])
    words[name.replace(/^__\w+\.errors\./, '')] = String(value)
  return words
}
