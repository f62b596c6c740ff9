/** Rows that come back from a changelog, through the layers that reads go through. */
import { describe, expect, test } from '@jest/globals'
import { seededRandom } from '../core/random.ts'
import { Commits, type Count, counts, keyValue, openState, totals } from './fixture.ts'
import { MemoryDisk, memoryByteStore } from './memory.ts'

describe('restore', () => {
  test('comes in on top of pending rows, never beneath them (schedules A3)', async () => {
    const state = await openState(memoryByteStore(), [totals])
    const store = keyValue<number>(state, 'totals')
    const commits = new Commits()
    store.put('k', 5, 5)
    commits.commit(state)
    // Another owner goes on; the task comes back while the row is still pending here.
    const { offset } = state.changelogOffset('totals') ?? { offset: -1 }
    expect(offset).toBe(commits.endOf('totals'))
    state.restore(
      'totals',
      [
        {
          key: Buffer.from('k'),
          value: Buffer.from([0, 0, 0, 0, 0, 0, 0, 9]),
          timestamp: 9,
          offset,
        },
      ],
      { offset: offset + 2, leaderEpoch: 3 },
    )
    expect(store.get('k')).toEqual({ value: 9, timestamp: 9 })
    await state.flush()
    expect(store.get('k')).toEqual({ value: 9, timestamp: 9 })
    expect(state.changelogOffset('totals')).toEqual({ offset: offset + 2, leaderEpoch: 3 })
  })

  test('after a crash begins at the last batch and replays the tail alone', async () => {
    const disk = new MemoryDisk()
    const random = seededRandom(7)
    const commits = new Commits()
    const first = await openState(await disk.start(random).open('in_0'), [totals])
    const before = keyValue<number>(first, 'totals')
    before.put('a', 1, 1)
    commits.commit(first)
    await first.flush()
    const written = commits.endOf('totals')
    before.put('a', 2, 2)
    before.put('b', 3, 3)
    commits.commit(first)

    const second = await openState(await disk.start(random).open('in_0'), [totals])
    const store = keyValue<number>(second, 'totals')
    expect(second.changelogOffset('totals')).toEqual({ offset: written, leaderEpoch: -1 })
    expect(store.get('a')?.value).toBe(1)
    commits.restore(second, 'totals')
    expect(store.get('a')?.value).toBe(2)
    expect(store.get('b')?.value).toBe(3)
  })

  test('rows that the layers have already change nothing', async () => {
    const state = await openState(memoryByteStore(), [totals])
    const store = keyValue<number>(state, 'totals')
    const commits = new Commits()
    store.put('a', 1, 1)
    commits.commit(state)
    store.put('a', 2, 2)
    commits.commit(state)
    commits.restore(state, 'totals', 0)
    const [first] = commits.changelogs.get('totals') ?? []
    if (first !== undefined) state.restore('totals', [first], { offset: 1, leaderEpoch: -1 })
    expect(store.get('a')?.value).toBe(2)
    expect(state.changelogOffset('totals')?.offset).toBe(commits.endOf('totals'))
  })

  test('never happens under an open span', async () => {
    const state = await openState(memoryByteStore(), [totals])
    keyValue<number>(state, 'totals').put('a', 1, 1)
    expect(() => state.restore('totals', [], { offset: 1, leaderEpoch: -1 })).toThrow('open span')
  })

  test('copies the bytes: a row outlives the batch that it came in', async () => {
    const state = await openState(memoryByteStore(), [counts])
    const key = Buffer.from('a')
    const value = Buffer.from('{"n":1}')
    state.restore('counts', [{ key, value, timestamp: 1, offset: 0 }], {
      offset: 1,
      leaderEpoch: 0,
    })
    key.fill(0)
    value.fill(0)
    expect(keyValue<Count>(state, 'counts').get('a')?.value).toEqual({ n: 1 })
  })
})
