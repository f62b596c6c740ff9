/**
 * Page-view clicks as a busy site sends them: some twice, some late. Event time starts a day back,
 * or where an earlier run ended, and runs a hundred times as fast as the clock until it has caught
 * up, never past it.
 */
import type { Click } from '../page-views.ts'
import type { FedRecord } from './program.ts'

const PAGES = ['/home', '/search', '/cart', '/checkout', '/help', '/about']
const DAY_MS = 86_400_000
const SPEED = 100
/** Further behind than the window's grace of ten seconds. */
const LATE_MS = 150_000

/** Whole numbers that look random and are equal in every run. */
export function sequence(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 4_294_967_296) * below)
  }
}

export function clickFeed(): (now: number, seen: number) => FedRecord {
  const pick = sequence(7)
  let begun = 0
  let start = 0
  let count = 0
  let last: Click | undefined
  return (now, seen) => {
    if (begun === 0) {
      begun = now
      start = Math.max(now - DAY_MS, seen)
    }
    count += 1
    // Every fiftieth click is sent again, as a client does that missed the answer.
    if (count % 50 === 0 && last !== undefined) return fed(last)
    const time = Math.min(now, start + (now - begun) * SPEED)
    const late = count % 97 === 0
    last = {
      id: `click-${begun}-${count}`,
      user: `user-${pick(200)}`,
      page: PAGES[pick(PAGES.length)] ?? '/home',
      kind: pick(20) === 0 ? 'buy' : 'view',
      at: Math.floor(late ? time - LATE_MS : time),
    }
    return fed(last)
  }
}

function fed(click: Click): FedRecord {
  return { key: click.user, value: JSON.stringify(click) }
}
