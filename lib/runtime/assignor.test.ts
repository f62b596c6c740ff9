import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type AssignableTask, type AssigningMember, assignTasks } from './assignor.ts'
import { ACTIVE, type TaskRef } from './user-data.ts'

const tasksOf = fc
  .array(fc.record({ partitions: fc.integer({ min: 1, max: 12 }), stateful: fc.boolean() }), {
    maxLength: 4,
  })
  .map((parts) =>
    parts.flatMap(({ partitions, stateful }, rank) =>
      Array.from({ length: partitions }, (_, partition) => ({ rank, partition, stateful })),
    ),
  )

/** Members that claim any tasks, twice or not there too. */
const membersOf = fc
  .array(
    fc.array(
      fc.record({
        rank: fc.integer({ min: 0, max: 5 }),
        partition: fc.integer({ min: 0, max: 13 }),
        offsetSum: fc.oneof(fc.constant(ACTIVE), fc.integer({ min: 0, max: 1000 })),
      }),
      { maxLength: 20 },
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((owned): AssigningMember[] =>
    owned.map((tasks, at) => ({ memberId: `member-${at}`, tasks })),
  )

function spread(given: ReadonlyMap<string, readonly AssignableTask[]>, stateful: boolean): number {
  const counts = [...given.values()].map(
    (tasks) => tasks.filter((task) => task.stateful === stateful).length,
  )
  return Math.max(...counts) - Math.min(...counts)
}

function running(given: ReadonlyMap<string, readonly AssignableTask[]>): AssigningMember[] {
  return [...given].map(([memberId, tasks]) => ({
    memberId,
    tasks: tasks.map((task) => ({ ...task, offsetSum: ACTIVE })),
  }))
}

function name(task: TaskRef): string {
  return `${task.rank}/${task.partition}`
}

describe('the assignor', () => {
  test('gives every task to exactly one member', () => {
    fc.assert(
      fc.property(tasksOf, membersOf, (tasks, members) => {
        const given = [...assignTasks(tasks, members).values()].flat().map(name)
        expect(given.sort()).toEqual(tasks.map(name).sort())
      }),
    )
  })

  test('keeps stateful and stateless tasks each balanced within one', () => {
    fc.assert(
      fc.property(tasksOf, membersOf, (tasks, members) => {
        const given = assignTasks(tasks, members)
        expect(spread(given, true)).toBeLessThanOrEqual(1)
        expect(spread(given, false)).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('does not depend on the order of members and tasks', () => {
    fc.assert(
      fc.property(tasksOf, membersOf, (tasks, members) => {
        const given = assignTasks(tasks, members)
        const turned = assignTasks([...tasks].reverse(), [...members].reverse())
        expect(new Map(turned)).toEqual(new Map(given))
      }),
    )
  })

  test('moves nothing when nothing has changed', () => {
    fc.assert(
      fc.property(tasksOf, membersOf, (tasks, members) => {
        const given = assignTasks(tasks, members)
        expect(assignTasks(tasks, running(given))).toEqual(given)
      }),
    )
  })

  test('moves only what a new member must get', () => {
    fc.assert(
      fc.property(tasksOf, membersOf, (tasks, members) => {
        const before = assignTasks(tasks, members)
        const joined = [...running(before), { memberId: 'newcomer', tasks: [] }]
        const after = assignTasks(tasks, joined)
        for (const [memberId, had] of before) {
          const now = new Set((after.get(memberId) ?? []).map(name))
          expect(had.map(name)).toEqual(expect.arrayContaining([...now]))
        }
      }),
    )
  })

  test('moves only what a member that left had', () => {
    fc.assert(
      fc.property(tasksOf, membersOf, (tasks, members) => {
        const before = assignTasks(tasks, members)
        const [, ...rest] = running(before)
        if (rest.length === 0) return
        const after = assignTasks(tasks, rest)
        for (const { memberId, tasks: had } of rest)
          expect((after.get(memberId) ?? []).map(name)).toEqual(
            expect.arrayContaining(had.map(name)),
          )
      }),
    )
  })

  test('gives a task that runs nowhere to who has most of its state', () => {
    const task: AssignableTask = { rank: 0, partition: 0, stateful: true }
    const given = assignTasks(
      [task],
      [
        { memberId: 'a', tasks: [{ ...task, offsetSum: 10 }] },
        { memberId: 'b', tasks: [{ ...task, offsetSum: 99 }] },
        { memberId: 'c', tasks: [] },
      ],
    )
    expect(given.get('b')).toEqual([task])
  })

  test('prefers who runs it over who has more of it on disk', () => {
    const task: AssignableTask = { rank: 0, partition: 0, stateful: true }
    const given = assignTasks(
      [task],
      [
        { memberId: 'a', tasks: [{ ...task, offsetSum: ACTIVE }] },
        { memberId: 'b', tasks: [{ ...task, offsetSum: 99 }] },
      ],
    )
    expect(given.get('a')).toEqual([task])
  })
})
