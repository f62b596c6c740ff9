import { expect, test } from '@jest/globals'
import type { CpuProfile } from './profile.ts'
import { selfTimes } from './profile.ts'

function node(id: number, functionName: string, url = '', lineNumber = 0): CpuProfile['nodes'][0] {
  return { id, callFrame: { functionName, url, lineNumber } }
}

test('self time is what samples spent in a function, wherever it was called from, without idling', () => {
  const one: CpuProfile = {
    nodes: [
      node(1, '(idle)'),
      node(2, 'put', 'file:///home/someone/dist/state/layer.js', 9),
      node(3, 'put', 'file:///home/someone/dist/state/layer.js', 9),
      node(4, '', 'file:///home/someone/node_modules/level/index.js', 1),
    ],
    samples: [1, 2, 3, 4, 2],
    timeDeltas: [1000, 10, 20, 50, 5],
  }
  const other: CpuProfile = {
    nodes: [node(7, '(garbage collector)')],
    samples: [7],
    timeDeltas: [40],
  }
  expect(selfTimes([one, other])).toEqual([
    ['(anonymous) node_modules/level/index.js:2', 50],
    ['(garbage collector)', 40],
    ['put dist/state/layer.js:10', 35],
  ])
})
