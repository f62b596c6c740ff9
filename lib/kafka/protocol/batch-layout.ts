/**
 * Record batch, format v2, by position: baseOffset 0, length 8, leaderEpoch 12, magic 16, crc 17 (of
 * all behind it), attributes 21, lastOffsetDelta 23, baseTimestamp 27, maxTimestamp 35, producerId
 * 43, producerEpoch 51, baseSequence 53, count 57, records 61.
 */

export const BATCH_HEADER_BYTES = 61
