/** Runs code against embedded brokers in virtual time: hours pass in milliseconds. */
import type { Clock } from '../../lib/core/clock.ts'
import { VirtualTime } from '../../lib/testing/simulation/virtual-time.ts'

const START = Date.UTC(2026, 0, 1)
const LIMIT_MS = 30 * 86_400_000

/** Rejects when the code still waits after thirty virtual days, or for nothing that could happen. */
export async function inVirtualTime<T>(run: (clock: Clock) => Promise<T>): Promise<T> {
  const time = new VirtualTime(START)
  let settled = false
  const running = run(time.clock()).finally(() => {
    settled = true
  })
  const outcome = await time.run(START + LIMIT_MS, () => settled)
  if (outcome !== 'done') throw new Error(`the run did not end: ${outcome}`)
  return running
}
