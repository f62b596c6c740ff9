/**
 * Ctrl-C and SIGTERM. A terminal gives Ctrl-C to the whole group of processes, and `npm` and
 * scripts/start.mjs pass on what they hear: several signals at once are one wish.
 */

const SAME_WISH_MS = 1000

/** Where signals come from: the process. */
export interface SignalSource {
  on(name: 'SIGINT' | 'SIGTERM', heard: () => void): unknown
  off(name: 'SIGINT' | 'SIGTERM', heard: () => void): unknown
}

/**
 * Calls back for the first wish to end and, with `again`, for later ones of somebody who does not
 * want to wait; until the returned function is called.
 */
export function onInterrupt(
  wish: (again: boolean) => void,
  source: SignalSource = process,
  now: () => number = Date.now,
): () => void {
  let first: number | undefined
  const heard = (): void => {
    if (first === undefined) {
      first = now()
      wish(false)
    } else if (now() - first > SAME_WISH_MS) wish(true)
  }
  source.on('SIGINT', heard)
  source.on('SIGTERM', heard)
  return () => {
    source.off('SIGINT', heard)
    source.off('SIGTERM', heard)
  }
}
