import { describe, expect, test } from '@jest/globals'
import { TaskNumbers } from './task-numbers.ts'

describe('the numbers of a task', () => {
  test('are there for nodes that are made after they were restored, as in a task that moved', () => {
    const numbers = new TaskNumbers(false)
    numbers.restore(new Map([['w:views', 7000]]))
    expect(numbers.cell('views', 'w').value).toBe(7000)
    expect(numbers.all()).toEqual(new Map([['w:views', 7000]]))
  })

  test('go back to what was committed, in the cells that nodes hold', () => {
    const numbers = new TaskNumbers(false)
    const cell = numbers.cell('views', 'w')
    numbers.set(cell, 9000)
    numbers.restore(new Map())
    expect(cell.value).toBeUndefined()
  })
})
