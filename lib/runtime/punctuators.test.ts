import { describe, expect, test } from '@jest/globals'
import { Punctuators } from './punctuators.ts'

/** Everything that fires, as `node@time`. */
function recorder(): { fired: string[]; fire: Parameters<Punctuators['run']>[1] } {
  const fired: string[] = []
  return {
    fired,
    fire: (node, call, timestamp) => {
      fired.push(`${node}@${timestamp}`)
      return call(timestamp)
    },
  }
}

describe('punctuators', () => {
  test('fire once after a gap, with the time that is, and stay on their grid', async () => {
    const punctuators = new Punctuators()
    const { fired, fire } = recorder()
    punctuators.schedule('p', 10, 0, () => undefined)
    for (const now of [3, 9, 10, 19, 20, 57, 55, 60, 70]) await punctuators.run(now, fire)
    expect(fired).toEqual(['p@3', 'p@10', 'p@20', 'p@57', 'p@60', 'p@70'])
  })

  test('fire the earliest first', async () => {
    const punctuators = new Punctuators()
    const { fired, fire } = recorder()
    punctuators.schedule('slow', 100, 90, () => undefined)
    punctuators.schedule('fast', 10, 50, () => undefined)
    await punctuators.run(95, fire)
    expect(fired).toEqual(['fast@95', 'slow@95'])
    expect(punctuators.next).toBe(100)
  })

  test('that were disposed inside their own call never fire again', async () => {
    const punctuators = new Punctuators()
    const { fired, fire } = recorder()
    const schedule = punctuators.schedule('p', 10, 0, () => {
      if (fired.length === 2) schedule[Symbol.dispose]()
    })
    for (const now of [1, 10, 20, 30]) await punctuators.run(now, fire)
    expect(fired).toEqual(['p@1', 'p@10'])
    expect(punctuators.next).toBe(Number.POSITIVE_INFINITY)
  })

  test('that one before them disposed do not fire, though they were due', async () => {
    const punctuators = new Punctuators()
    const { fired, fire } = recorder()
    punctuators.schedule('first', 10, 0, () => second[Symbol.dispose]())
    const second = punctuators.schedule('second', 10, 1, () => undefined)
    await punctuators.run(5, fire)
    expect(fired).toEqual(['first@5'])
  })

  test('that are asynchronous are called one after the other', async () => {
    const punctuators = new Punctuators()
    const order: string[] = []
    for (const name of ['a', 'b'])
      punctuators.schedule(name, 10, 0, async () => {
        order.push(`${name} begins`)
        await Promise.resolve()
        order.push(`${name} ends`)
      })
    await punctuators.run(1, (_node, call, timestamp) => call(timestamp))
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
    expect(punctuators.next).toBe(10)
  })

  test('refuse an interval below a millisecond', () => {
    const punctuators = new Punctuators()
    expect(() => punctuators.schedule('p', 0, 0, () => undefined)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION' }),
    )
  })
})
