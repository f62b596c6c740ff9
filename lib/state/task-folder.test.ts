import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { folderOf, taskOf } from './task-folder.ts'

describe('folders of tasks', () => {
  test('are the ids where these are plain, else percent-encoded', () => {
    expect(folderOf('page-views.v2_3')).toBe('page-views.v2_3')
    expect(folderOf('../x_0')).toBe('%2E.%2Fx_0')
    expect(folderOf('^a|b$_0')).toBe('%5Ea%7Cb%24_0')
    expect(folderOf('é_1')).toBe('%C3%A9_1')
  })

  test('are never the folder itself, its parent, or longer than a name may be', () => {
    for (const task of ['.', '..', 'x'.repeat(600), '/'.repeat(200)]) {
      const folder = folderOf(task)
      expect(folder).not.toMatch(/^\.|\//)
      expect(folder.length).toBeLessThanOrEqual(255)
    }
  })

  test('tell which task they are of', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (task) => {
        if (task.length > 0) expect(taskOf(folderOf(task))).toBe(task)
      }),
    )
    for (const folder of ['a%2', '%41', 'lost+found', '%%00'])
      expect(taskOf(folder)).toBeUndefined()
  })
})
