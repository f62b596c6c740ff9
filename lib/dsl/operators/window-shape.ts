/**
 * Arithmetic of tumbling and hopping windows: which windows a time lies in, when they close, and the
 * panes that they are made of. Windows are aligned to the epoch and begin at 0 or later; a window's
 * end is not in it.
 */
import type { TimeWindows, Windowed } from '../../core/windows.ts'

/** Size, advance and grace; `windows.tumbling` and `windows.hopping` make them. */
export type WindowShape = Pick<TimeWindows, 'sizeMs' | 'advanceMs' | 'graceMs'>

/** Later than any window, and still exact with a window's size added. */
export const LATEST_START: number = 2 ** 52

/** Start of the last window that `time` lies in. */
export function lastStart(shape: WindowShape, time: number): number {
  return time - (time % shape.advanceMs)
}

/** Start of the first window that `time` lies in. */
export function firstStart(shape: WindowShape, time: number): number {
  const from = time - shape.sizeMs + shape.advanceMs
  return from <= 0 ? 0 : from - (from % shape.advanceMs)
}

/**
 * Start of the first window that is still open at `operatorTime`: it takes records as long as its
 * end is later than operator time minus grace.
 */
export function firstOpenStart(shape: WindowShape, operatorTime: number): number {
  const closedUpTo = operatorTime - shape.graceMs - shape.sizeMs
  if (closedUpTo < 0) return 0
  return closedUpTo - (closedUpTo % shape.advanceMs) + shape.advanceMs
}

/** Start of the first window that is not older than the retention, seen from the newest window. */
export function firstReadableStart(
  shape: WindowShape,
  operatorTime: number,
  retentionMs: number,
): number {
  const from = lastStart(shape, Math.max(0, operatorTime)) - retentionMs + 1
  return from <= 0 ? 0 : Math.ceil(from / shape.advanceMs) * shape.advanceMs
}

/** Length of the pieces that windows of this shape are put together from. */
export function paneMs(shape: WindowShape): number {
  let a = shape.sizeMs
  let b = shape.advanceMs
  while (b !== 0) {
    const rest = a % b
    a = b
    b = rest
  }
  return a
}

/**
 * Whether panes cost less than windows kept apart. A tumbling window is its own pane; a shape whose
 * size and advance have next to nothing in common would need more panes than it has overlaps.
 */
export function worthPanes(shape: WindowShape): boolean {
  const overlaps = shape.sizeMs / shape.advanceMs
  return overlaps > 1 && shape.sizeMs / paneMs(shape) <= 16 * overlaps
}

/** The key of one window. */
export function windowed(shape: WindowShape, key: unknown, start: number): Windowed<unknown> {
  return { kind: 'time', key, start, end: start + shape.sizeMs }
}
