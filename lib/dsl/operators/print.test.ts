import { describe, expect, test } from '@jest/globals'
import { OperatorFixture } from './fixture.ts'
import { print } from './print.ts'

const NO_STATE = { store: () => undefined, mark: () => 0, rollback: () => undefined }

describe('print', () => {
  test('writes one line per record under the label and lets the record pass', async () => {
    const lines: string[] = []
    const fixture = new OperatorFixture(NO_STATE)
    fixture.add(
      'p',
      print('clicks', (line) => void lines.push(line)),
    )
    await fixture.process('p', 'k', { n: 1, tags: ['a'] }, 5)
    await fixture.process('p', null, null, 6)
    expect(lines).toEqual(["[clicks]: k, { n: 1, tags: [ 'a' ] }\n", '[clicks]: null, null\n'])
    expect(fixture.take('p').map(({ timestamp }) => timestamp)).toEqual([5, 6])
  })

  test('takes the name of its node for want of a label', async () => {
    const lines: string[] = []
    const fixture = new OperatorFixture(NO_STATE)
    fixture.add(
      'p',
      print(undefined, (line) => void lines.push(line)),
    )
    await fixture.process('p', 'k', 'v', 5)
    expect(lines).toEqual(['[p]: k, v\n'])
  })
})
