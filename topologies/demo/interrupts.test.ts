import { EventEmitter } from 'node:events'
import { describe, expect, test } from '@jest/globals'
import { onInterrupt } from './interrupts.ts'

function listening() {
  const source = new EventEmitter()
  const time = { now: 5000 }
  const wishes: boolean[] = []
  const off = onInterrupt(
    (again) => wishes.push(again),
    source,
    () => time.now,
  )
  return { source, time, wishes, off }
}

describe('signals that ask to end', () => {
  test('are one wish when they come together, as npm passes Ctrl-C on', () => {
    const { source, time, wishes } = listening()
    source.emit('SIGINT')
    source.emit('SIGINT')
    time.now += 1000
    source.emit('SIGTERM')
    expect(wishes).toEqual([false])
  })

  test('do not wait any longer when somebody asks again later', () => {
    const { source, time, wishes } = listening()
    source.emit('SIGTERM')
    time.now += 1001
    source.emit('SIGINT')
    expect(wishes).toEqual([false, true])
  })

  test('are left alone afterwards', () => {
    const { source, wishes, off } = listening()
    off()
    expect(source.listenerCount('SIGINT') + source.listenerCount('SIGTERM')).toBe(0)
    expect(wishes).toEqual([])
  })
})
