/**
 * What 32 bits say of a cell: the kinds of its three versions, its stage, and who holds it.
 *
 * | bits | what |
 * |---|---|
 * | 0 – 8 | kinds of the versions 0, 1 and `COMMITTED` |
 * | 9 – 10 | stage |
 * | 11 – 15 | `INDEXED`, `QUEUED`, in the list of the span 0, of the span 1, `USED` |
 */

/** Versions: of a span, whose number is even or odd; committed. */
export type SpanVersion = 0 | 1
export const COMMITTED = 2
export type Version = SpanVersion | typeof COMMITTED
export const VERSIONS: readonly Version[] = [0, 1, COMMITTED]

/** Kinds of a version: not there or not known, deleted, a value of the columns, a ref of the values. */
export const ABSENT = 0
export const DELETED = 1
export const NUMBER = 2
export const BOOLEAN = 3
export const BYTES = 4
export const TEXT = 5

const KIND_BITS = 3
const KIND_MASK = 7
/** Kinds of the versions that are not committed. */
export const SPAN_KINDS: number = KIND_MASK | (KIND_MASK << KIND_BITS)

/** What LevelDB has of the committed row: nothing is known, not yet, soon, all of it. */
export const UNKNOWN = 0
export const PENDING = 1
export const WRITING = 2
export const CLEAN = 3
export type Stage = typeof UNKNOWN | typeof PENDING | typeof WRITING | typeof CLEAN

const STAGE_SHIFT = 9
const STAGE_MASK = 3 << STAGE_SHIFT

/** Found by its key; a cell that is not is nobody's. */
export const INDEXED: number = 1 << 11
/** Waits to be evicted. */
export const QUEUED: number = 1 << 12
const LISTED = 1 << 13
/** Asked for since it was last spared; no hold. */
export const USED: number = 1 << 15

/** A cell without any of these is gone. */
export const HOLDS: number = INDEXED | QUEUED | LISTED | (LISTED << 1) | STAGE_MASK

export function otherSpan(span: SpanVersion): SpanVersion {
  return span === 0 ? 1 : 0
}

/** In the list of a span. */
export function listed(span: SpanVersion): number {
  return LISTED << span
}

export function kindOf(flags: number, version: Version): number {
  return (flags >>> (version * KIND_BITS)) & KIND_MASK
}

export function withKind(flags: number, version: Version, kind: number): number {
  const shift = version * KIND_BITS
  return (flags & ~(KIND_MASK << shift)) | (kind << shift)
}

export function stageOf(flags: number): Stage {
  return ((flags & STAGE_MASK) >>> STAGE_SHIFT) as Stage
}

export function withStage(flags: number, stage: Stage): number {
  return (flags & ~STAGE_MASK) | (stage << STAGE_SHIFT)
}
