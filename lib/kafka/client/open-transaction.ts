/** What a transaction holds and has been through, so far. */

/** All since the last `end`. */
export interface OpenTransaction {
  hasRecords: boolean
  hasOffsets: boolean
  /** V1: AddOffsetsToTxn was answered. */
  hasGroup: boolean
  /** A request may still arrive. */
  lostAnswer: boolean
}

export const NOTHING: Readonly<OpenTransaction> = {
  hasRecords: false,
  hasOffsets: false,
  hasGroup: false,
  lostAnswer: false,
}
