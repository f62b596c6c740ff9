/**
 * Who runs which task: a pure function of the tasks and of what the members say they have.
 *
 * 1. Every task goes to exactly one member.
 * 2. Stateful and stateless tasks are each spread evenly: no member has two more than another.
 * 3. A task stays where it runs, else goes where its state is, as long as 2 allows it.
 * 4. Equal inputs give equal answers, whatever their order.
 */
import { ACTIVE, type OwnedTask, type TaskRef } from './user-data.ts'

export interface AssignableTask extends TaskRef {
  readonly stateful: boolean
}

export interface AssigningMember {
  readonly memberId: string
  /** What it ran or has on disk. */
  readonly tasks: readonly OwnedTask[]
}

/** A member while tasks are handed out. */
interface Seat {
  readonly memberId: string
  /** Offset sums by task, of tasks that do not run there. */
  readonly dormant: ReadonlyMap<string, number>
  readonly running: ReadonlySet<string>
  readonly given: AssignableTask[]
}

/** One kind of task in the making. */
interface Round {
  readonly seats: readonly Seat[]
  /** How many each seat may have of this kind. */
  readonly quota: Map<Seat, number>
  readonly count: Map<Seat, number>
}

/** Tasks by member id, each list sorted; every member has an entry. */
export function assignTasks(
  tasks: readonly AssignableTask[],
  members: readonly AssigningMember[],
): ReadonlyMap<string, readonly AssignableTask[]> {
  const seats = members
    .map(seatOf)
    .sort((a, b) => (a.memberId < b.memberId ? -1 : a.memberId > b.memberId ? 1 : 0))
  if (seats.length > 0)
    for (const stateful of [true, false])
      assignKind([...tasks].filter((task) => task.stateful === stateful).sort(inOrder), seats)
  return new Map(seats.map(({ memberId, given }) => [memberId, given.sort(inOrder)]))
}

function seatOf(member: AssigningMember): Seat {
  const dormant = new Map<string, number>()
  const running = new Set<string>()
  for (const task of member.tasks)
    if (task.offsetSum === ACTIVE) running.add(keyOf(task))
    else dormant.set(keyOf(task), task.offsetSum)
  return { memberId: member.memberId, dormant, running, given: [] }
}

function assignKind(tasks: readonly AssignableTask[], seats: readonly Seat[]): void {
  const claims = new Map<Seat, AssignableTask[]>(seats.map((seat) => [seat, []]))
  const homeless: AssignableTask[] = []
  for (const task of tasks) {
    const home = homeOf(task, seats)
    if (home === undefined) homeless.push(task)
    else claims.get(home)?.push(task)
  }
  const round: Round = {
    seats,
    quota: quotas(tasks.length, seats, claims),
    count: new Map(seats.map((seat) => [seat, 0])),
  }
  for (const [seat, claimed] of claims) {
    const kept = Math.min(claimed.length, round.quota.get(seat) ?? 0)
    for (const task of claimed.slice(0, kept)) give(task, seat, round)
    homeless.push(...claimed.slice(kept))
  }
  for (const task of homeless.sort(inOrder)) give(task, bestFor(task, round), round)
}

/** Where it runs; else where most of its state is. */
function homeOf(task: AssignableTask, seats: readonly Seat[]): Seat | undefined {
  const key = keyOf(task)
  let home: Seat | undefined
  for (const seat of seats) {
    if (seat.running.has(key)) return seat
    const sum = seat.dormant.get(key)
    if (sum !== undefined && sum > (home?.dormant.get(key) ?? -1)) home = seat
  }
  return home
}

/**
 * An even share for each, and the tasks that remain go one each to those who would keep one more
 * of what they have: that moves the least. Ties go to who has least otherwise.
 */
function quotas(
  total: number,
  seats: readonly Seat[],
  claims: ReadonlyMap<Seat, readonly AssignableTask[]>,
): Map<Seat, number> {
  const share = Math.floor(total / seats.length)
  const keeps = (seat: Seat): number => ((claims.get(seat)?.length ?? 0) > share ? 1 : 0)
  const order = [...seats].sort((a, b) => keeps(b) - keeps(a) || a.given.length - b.given.length)
  const more = new Set(order.slice(0, total % seats.length))
  return new Map(seats.map((seat) => [seat, share + (more.has(seat) ? 1 : 0)]))
}

function give(task: AssignableTask, seat: Seat, round: Round): void {
  seat.given.push(task)
  round.count.set(seat, (round.count.get(seat) ?? 0) + 1)
}

/** Among those with room: who has most of its state, then who has most room. */
function bestFor(task: AssignableTask, round: Round): Seat {
  const key = keyOf(task)
  const room = (seat: Seat): number => (round.quota.get(seat) ?? 0) - (round.count.get(seat) ?? 0)
  const sum = (seat: Seat): number => seat.dormant.get(key) ?? -1
  const [best] = round.seats
    .filter((seat) => room(seat) > 0)
    .sort((a, b) => sum(b) - sum(a) || room(b) - room(a))
  // The quotas add up to the number of tasks, so there is always one with room.
  return best as Seat
}

function keyOf(task: TaskRef): string {
  return `${task.rank}/${task.partition}`
}

function inOrder(a: TaskRef, b: TaskRef): number {
  return a.rank - b.rank || a.partition - b.partition
}
