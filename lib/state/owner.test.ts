import { describe, expect, test } from '@jest/globals'
import { claim, type Host, isSameOwner, ownerOf, parseOwner } from './owner.ts'

const host: Host = {
  pid: 10,
  pidNamespace: 'pid:[1]',
  bootId: 'boot',
  startTimeOf: (pid) => (pid === 10 ? '100' : undefined),
}
const owner = ownerOf(host, 1000)

describe('whose a state directory is', () => {
  test('nobody has it: it is free', () => {
    expect(claim(undefined, host, 1000)).toBe('free')
  })

  test('a process of the same machine and namespace is looked up', () => {
    expect(claim(owner, host, 99_000)).toBe('taken')
    expect(claim({ ...owner, pid: 11 }, host, 1001)).toBe('free')
  })

  test('a pid that another process has by now is not its owner', () => {
    expect(claim({ ...owner, startTime: '99' }, host, 1001)).toBe('free')
  })

  test.each([
    ['container', { pidNamespace: 'pid:[2]' }],
    ['host or boot', { bootId: 'other' }],
  ])('one of another %s is alive until it is ten seconds old', (_name, other) => {
    const foreign = { ...owner, ...other }
    expect(claim(foreign, host, 1000)).toEqual({ waitMs: 10_000 })
    expect(claim(foreign, host, 8000)).toEqual({ waitMs: 3000 })
    expect(claim(foreign, host, 11_000)).toBe('free')
  })

  test('a renewal in our future is new, not for ever', () => {
    expect(claim({ ...owner, bootId: 'other', renewedAt: 50_000 }, host, 1000)).toEqual({
      waitMs: 10_000,
    })
  })

  test('a renewal is the same owner, another start is not', () => {
    expect(isSameOwner({ ...owner, renewedAt: 5 }, owner)).toBe(true)
    expect(isSameOwner({ ...owner, startTime: '101' }, owner)).toBe(false)
    expect(isSameOwner(undefined, owner)).toBe(false)
  })

  test('a file that is none is nobody', () => {
    expect(parseOwner(JSON.stringify(owner))).toEqual(owner)
    for (const text of ['', '{', 'null', '[]', '{"pid":"1"}'])
      expect(parseOwner(text)).toBeUndefined()
  })
})
