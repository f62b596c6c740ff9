/**
 * What goes wrong in one seed, decided up front as data: so a failing plan can be kept, replayed and
 * made smaller. Each seed draws its own mix.
 */
import type { CrashPoint } from '../../runtime/crash-point.ts'
import { CRASH_POINTS } from '../../runtime/crash-point.ts'
import type { Guarantee } from '../../runtime/options.ts'
import { Dice } from './dice.ts'
import type { NetworkFaults } from './network.ts'

export interface Kill {
  readonly instance: number
  /** At the `nth` passing of a crash point by that instance, or at a time (ms from the start). */
  readonly at: { readonly point: CrashPoint; readonly nth: number } | { readonly timeMs: number }
  readonly restartAfterMs: number
  /** The disk is lost, too. */
  readonly wipe: boolean
}

export interface Pause {
  readonly instance: number
  readonly atMs: number
  readonly forMs: number
}

export interface Move {
  readonly atMs: number
  readonly what: 'coordinators' | 'leaders'
}

export interface Plan {
  readonly seed: number
  readonly guarantee: Guarantee
  readonly instances: number
  readonly records: number
  readonly transactionVersion: 1 | 2
  /** How long after EndTxn the marker of a partition is written: least, most. */
  readonly markerMs: readonly [least: number, most: number]
  readonly network: NetworkFaults
  readonly kills: readonly Kill[]
  readonly pauses: readonly Pause[]
  readonly moves: readonly Move[]
  /** Faults end then; afterwards all must converge. */
  readonly faultsMs: number
}

export const QUICK_MARKERS_MS: Plan['markerMs'] = [1, 4]
/** So many seeds have markers as slow as that: what is committed is long seen here and not there. */
const SLOW_MARKERS = 0.25
const SLOW_MARKER_MS = 1500
const FAULTS_MS = 20_000
/** Topics are purged twice a minute only. */
const UNTIL_PURGED_MS = 40_000

export function drawPlan(seed: number, guarantee: Guarantee, records: number): Plan {
  const dice = new Dice(seed)
  const often = (name: string, most: number): number => Math.floor(dice.roll(name) * (most + 1))
  const instances = 2
  const kills = Array.from({ length: 1 + often('kills', 3) }, (_, at) =>
    drawKill(dice, at, instances),
  )
  const purges = kills.some(({ at }) => 'point' in at && at.point === 'purged')
  return {
    seed,
    guarantee,
    instances,
    records,
    transactionVersion: dice.roll('transaction version') < 0.5 ? 1 : 2,
    markerMs: dice.roll('slow markers') < SLOW_MARKERS ? [1, SLOW_MARKER_MS] : QUICK_MARKERS_MS,
    network: {
      loseRequest: chance(dice, 'lose request', 0.004),
      loseResponse: chance(dice, 'lose response', 0.004),
      delayRequest: chance(dice, 'late', 0.004),
    },
    kills,
    pauses: Array.from({ length: often('pauses', 2) }, (_, at) => ({
      instance: Math.floor(dice.roll('pause', at) * instances),
      atMs: dice.between(1000, FAULTS_MS, 'pause at', at),
      forMs: dice.between(500, 12_000, 'pause for', at),
    })),
    moves: Array.from({ length: often('moves', 2) }, (_, at) => ({
      atMs: dice.between(1000, FAULTS_MS, 'move at', at),
      what: dice.roll('move', at) < 0.5 ? 'coordinators' : 'leaders',
    })),
    faultsMs: purges ? UNTIL_PURGED_MS : FAULTS_MS,
  }
}

/** Half of the seeds have none of a kind, so that the others show alone. */
function chance(dice: Dice, name: string, most: number): number {
  return dice.roll(name, 'at all') < 0.5 ? 0 : dice.roll(name) * most
}

function drawKill(dice: Dice, at: number, instances: number): Kill {
  const point = CRASH_POINTS[Math.floor(dice.roll('kill point', at) * CRASH_POINTS.length)]
  return {
    instance: Math.floor(dice.roll('kill', at) * instances),
    at:
      point !== undefined && dice.roll('kill how', at) < 0.75
        ? { point, nth: 1 + Math.floor(dice.roll('kill nth', at) * passesOf(point)) }
        : { timeMs: dice.between(500, FAULTS_MS, 'kill at', at) },
    restartAfterMs: dice.between(50, 6000, 'restart', at),
    wipe: dice.roll('wipe', at) < 0.2,
  }
}

/** Housekeeping happens now and then, the steps of a commit ten times a second. */
function passesOf(point: CrashPoint): number {
  if (point === 'purged') return 1
  return point === 'written' ? 3 : 30
}
