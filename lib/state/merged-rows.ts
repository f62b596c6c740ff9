/** Rows of memory over those of LevelDB, in order of their keys; rows that were deleted are left out. */
import type { RowPieces } from './committed-rows.ts'
import type { Row } from './row.ts'

/** Of a key that both have, the upper row. Both have been taken at one moment. */
export async function* mergedRows(
  upper: ReadonlyMap<string, Row>,
  below: RowPieces,
  reverse: boolean,
): AsyncGenerator<readonly [string, Row], void> {
  const keys = [...upper.keys()].sort(reverse ? descending : ascending)
  let at = 0
  for await (const piece of below)
    for (const [key, row] of piece) {
      for (
        let next = keys[at];
        next !== undefined && precedes(next, key, reverse);
        next = keys[at]
      ) {
        at++
        yield* alive(next, upper.get(next))
      }
      if (!upper.has(key)) yield* alive(key, row)
    }
  for (; at < keys.length; at++) {
    const key = keys[at] ?? ''
    yield* alive(key, upper.get(key))
  }
}

/** Of the row in hand: an upper one comes before what follows it below, its own older row included. */
function precedes(upper: string, below: string, reverse: boolean): boolean {
  return reverse ? upper >= below : upper <= below
}

function* alive(key: string, row: Row | undefined): Iterable<readonly [string, Row]> {
  if (row !== undefined && row.bytes !== null) yield [key, row]
}

function ascending(one: string, other: string): number {
  return one < other ? -1 : 1
}

function descending(one: string, other: string): number {
  return one > other ? -1 : 1
}
