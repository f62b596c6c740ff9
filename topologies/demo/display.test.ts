import { describe, expect, test } from '@jest/globals'
import { figuresLine, table } from './display.ts'

describe('what a person sees', () => {
  test('columns line up under their names', () => {
    const rows = [
      ['12:00', '/home', '7'],
      ['12:01', '/checkout', '12'],
    ]
    expect(table(['window', 'page', 'views'], rows, 80)).toEqual([
      'window  page       views',
      '12:00   /home      7',
      '12:01   /checkout  12',
    ])
  })

  test('a line is never wider than the terminal', () => {
    expect(table(['a'], [['x'.repeat(99)]], 10)).toEqual(['a', 'xxxxxxxxx…'])
  })

  test('the figures say what was dropped and why', () => {
    const line = figuresLine({
      state: 'running',
      inputPerSecond: 999.7,
      read: 10,
      written: 4,
      commits: 3,
      late: 2,
      repeats: 1,
      lag: 5,
    })
    expect(line).toBe(
      'running · 1000 records/s · 10 read, 5 waiting · 3 commits · dropped: 2 late, 1 repeats',
    )
  })
})
