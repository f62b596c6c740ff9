/** What a partition's log needs to know of its topic's configuration. */

export interface LogLimits {
  readonly compact: boolean
  readonly delete: boolean
  readonly retentionMs: number
  readonly retentionBytes: number
  readonly deleteRetentionMs: number
  readonly minCompactionLagMs: number
  readonly minCleanableDirtyRatio: number
  readonly segmentBytes: number
  readonly segmentMs: number
  readonly maxMessageBytes: number
  readonly logAppendTime: boolean
  readonly timestampBeforeMaxMs: number
  readonly timestampAfterMaxMs: number
  readonly minInsyncReplicas: number
}
