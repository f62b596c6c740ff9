import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Assignment, decodeAssignment, encodeAssignment } from './assignment.ts'
import { ACTIVE, decodeUserData, encodeUserData, type UserData } from './user-data.ts'

const natural = fc.integer({ min: 0, max: 2 ** 32 })
const bytesOf = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array))
const refs = fc.array(fc.record({ rank: natural, partition: natural }), { maxLength: 5 })

describe('user data', () => {
  const any = fc.record({
    processId: bytesOf(16),
    startId: bytesOf(16),
    fingerprint: bytesOf(8),
    endpoint: fc.string({ unit: 'grapheme', maxLength: 20 }),
    tasks: fc.array(
      fc.record({
        rank: natural,
        partition: natural,
        offsetSum: fc.integer({ min: -2, max: 2 ** 52 - 1 }),
      }),
      { maxLength: 5 },
    ),
  })

  test('comes back as it was written', () => {
    fc.assert(
      fc.property(any, (data) => {
        expect(decodeUserData(encodeUserData(data))).toEqual(data)
      }),
    )
  })

  test('that is cut, empty or of another version is nothing, never an error', () => {
    fc.assert(
      fc.property(any, fc.nat(), (data, at) => {
        const bytes = encodeUserData(data)
        expect(decodeUserData(bytes.subarray(0, at % bytes.length))).toBeUndefined()
      }),
    )
    expect(decodeUserData(Buffer.from([2, 0]))).toBeUndefined()
  })

  test('needs at most 12 bytes a task', () => {
    const data: UserData = {
      processId: Buffer.alloc(16),
      startId: Buffer.alloc(16),
      fingerprint: Buffer.alloc(8),
      endpoint: '',
      tasks: [],
    }
    const tasks = Array.from({ length: 1000 }, (_, partition) => ({
      rank: 3,
      partition,
      offsetSum: partition % 2 === 0 ? ACTIVE : 2 ** 48,
    }))
    const grown = encodeUserData({ ...data, tasks }).length - encodeUserData(data).length
    expect(grown).toBeLessThanOrEqual(12 * tasks.length)
  })
})

describe('an assignment', () => {
  const any: fc.Arbitrary<Assignment> = fc.record({
    error: fc.constantFrom('none', 'other-topology', 'process-id-in-use'),
    active: refs,
    standby: refs,
    topics: fc.array(fc.record({ topic: fc.string({ maxLength: 20 }), partitions: natural }), {
      maxLength: 4,
    }),
    endpoints: fc.array(fc.record({ memberId: fc.string(), endpoint: fc.string() }), {
      maxLength: 3,
    }),
    fresh: fc.array(natural, { maxLength: 3 }),
  })

  test('comes back as it was written', () => {
    fc.assert(
      fc.property(any, (assignment) => {
        expect(decodeAssignment(encodeAssignment(assignment))).toEqual(assignment)
      }),
    )
  })

  test('that is cut or hostile is nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        expect(() => decodeAssignment(Buffer.from(bytes))).not.toThrow()
      }),
    )
    expect(decodeAssignment(Buffer.from([1, 0, 0xff, 0xff, 0xff, 0xff]))).toBeUndefined()
  })
})
