import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ProcessClock, VirtualTime } from './virtual-time.ts'

const forever = Number.MAX_SAFE_INTEGER

describe('virtual time', () => {
  test('calls events by time, and those of equal time in the order in which they were made', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(20), { maxLength: 60 }), async (delays) => {
        const time = new VirtualTime(0)
        const seen: (readonly [at: number, made: number])[] = []
        for (const [made, delay] of delays.entries())
          time.schedule(delay, () => seen.push([time.now, made]))
        expect(await time.run(forever, () => false)).toBe('idle')
        const expected = delays
          .map((delay, made) => [delay, made] as const)
          .sort(([a, x], [b, y]) => a - b || x - y)
        expect(seen).toEqual(expected)
      }),
      { numRuns: 50 },
    )
  })

  test('lets promises run to their end before the next event', async () => {
    const time = new VirtualTime(0)
    const seen: string[] = []
    const clock = time.clock()
    const first = async (): Promise<void> => {
      for (let step = 0; step < 5; step++) await Promise.resolve()
      seen.push('promises of the first')
    }
    clock.timer(1, () => void first())
    clock.timer(1, () => seen.push('second'))
    await time.run(forever, () => false)
    expect(seen).toEqual(['promises of the first', 'second'])
  })

  test('stops when the time is up, with later events still to come', async () => {
    const time = new VirtualTime(0)
    time.schedule(100, () => undefined)
    expect(await time.run(99, () => false)).toBe('timeout')
    expect(time.now).toBe(0)
  })

  test('never calls what was cancelled', async () => {
    const time = new VirtualTime(0)
    let called = false
    time
      .schedule(1, () => {
        called = true
      })
      .cancel()
    await time.run(forever, () => false)
    expect(called).toBe(false)
  })
})

describe('the clock of a process', () => {
  test('holds events back while it is paused and calls them in order afterwards', async () => {
    const time = new VirtualTime(1000)
    const clock = new ProcessClock(time, 0)
    const seen: (readonly [string, number])[] = []
    clock.timer(10, () => seen.push(['a', time.now]))
    clock.timer(20, () => seen.push(['b', time.now]))
    clock.pause(50)
    await time.run(forever, () => false)
    expect(seen).toEqual([
      ['a', 1050],
      ['b', 1050],
    ])
  })

  test('never calls anything once it is killed', async () => {
    const time = new VirtualTime(0)
    const clock = new ProcessClock(time, 0)
    let called = false
    void clock.sleep(5).then(() => {
      called = true
    })
    clock.kill()
    await time.run(forever, () => false)
    expect(called).toBe(false)
  })

  test('has a wall clock of its own beside the common time', () => {
    const time = new VirtualTime(1000)
    expect(new ProcessClock(time, -300).now()).toBe(700)
    expect(new ProcessClock(time, -300).monotonic()).toBe(1000)
  })
})
