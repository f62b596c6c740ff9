/** The list must not rot: a rule that has moved is found here, in a second, not by a long run. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { mutants } from './all.ts'

const read = (file: string): string =>
  readFileSync(join(import.meta.dirname, '../..', file), 'utf8')

test('no two mutants have one id', () => {
  const ids = mutants.map(({ id }) => id)
  expect(ids).toEqual([...new Set(ids)])
})

describe.each(mutants)('the mutant $id', ({ edits, test: file, name }) => {
  test('takes out texts that are there exactly once', () => {
    const times = edits.map((edit) => [edit.rule, read(edit.file).split(edit.rule).length - 1])
    expect(times).toEqual(edits.map(({ rule }) => [rule, 1]))
  })

  test('names a test of its file', () => {
    // A name is cut from those of a `describe` and a test, which the file holds as texts.
    const titles = [...read(file).matchAll(/'([^'\n]{10,})'/g)]
      .flatMap(([, title = '']) => title.split(/%\w|\$\w+/))
      .filter((title) => title.length >= 10)
    const named = titles.some((title) => name.includes(title) || title.includes(name))
    expect({ name, named }).toEqual({ name, named: true })
  })
})
