import { describe, expect, test } from '@jest/globals'
import { decisive, isTransient, reactionTo } from './reactions.ts'

describe('the reaction to a code', () => {
  test('is never a success for a code that nobody knows', () => {
    expect(reactionTo(9999)).toBe('ambiguous')
    expect(reactionTo(-1)).toBe('ambiguous')
    expect(isTransient(reactionTo(9999))).toBe(false)
  })

  test('tells the ways apart in which a member is replaced', () => {
    expect([22, 25, 82, 27].map(reactionTo)).toEqual(['stale', 'forgotten', 'occupied', 'rejoin'])
  })

  test('treats both names of a fenced producer alike', () => {
    expect([47, 90, 49, 48].map(reactionTo)).toEqual(['fenced', 'fenced', 'fenced', 'fenced'])
  })
})

describe('the decisive code of several', () => {
  test('is the one that repeating cannot cure', () => {
    expect(decisive([0, 14, 12, 16])).toBe(12)
  })

  test('asks for another node rather than for patience', () => {
    expect(decisive([0, 14, 16, 14])).toBe(16)
    expect(decisive([51, 0])).toBe(51)
  })

  test('is 0 when every one is a success', () => {
    expect(decisive([0, 46, 0])).toBe(0)
    expect(decisive([])).toBe(0)
  })
})
