/**
 * The settings that a topic may have, with Kafka's defaults and checks. What the broker acts on is
 * read from them as {@link LogLimits}; the rest is kept and told, as clients expect.
 */
import type { LogLimits } from '../log/log-limits.ts'

/** Kafka's numbers for the types of settings. */
export type SettingType = 'boolean' | 'string' | 'int' | 'long' | 'double' | 'list'

interface Setting {
  readonly type: SettingType
  readonly fallback: string
  readonly least?: number
  readonly words?: readonly string[]
}

const FOREVER = '9223372036854775807'

const SETTINGS: Readonly<Record<string, Setting>> = {
  'cleanup.policy': { type: 'list', fallback: 'delete', words: ['compact', 'delete'] },
  'compression.gzip.level': { type: 'int', fallback: '-1' },
  'compression.lz4.level': { type: 'int', fallback: '9' },
  'compression.type': {
    type: 'string',
    fallback: 'producer',
    words: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'],
  },
  'compression.zstd.level': { type: 'int', fallback: '3' },
  'delete.retention.ms': { type: 'long', fallback: '86400000', least: 0 },
  'file.delete.delay.ms': { type: 'long', fallback: '60000', least: 0 },
  'flush.messages': { type: 'long', fallback: FOREVER, least: 1 },
  'flush.ms': { type: 'long', fallback: FOREVER, least: 0 },
  'follower.replication.throttled.replicas': { type: 'list', fallback: '' },
  'index.interval.bytes': { type: 'int', fallback: '4096', least: 0 },
  'leader.replication.throttled.replicas': { type: 'list', fallback: '' },
  'local.retention.bytes': { type: 'long', fallback: '-2', least: -2 },
  'local.retention.ms': { type: 'long', fallback: '-2', least: -2 },
  'max.compaction.lag.ms': { type: 'long', fallback: FOREVER, least: 1 },
  'max.message.bytes': { type: 'int', fallback: '1048588', least: 0 },
  'message.timestamp.after.max.ms': { type: 'long', fallback: '3600000', least: 0 },
  'message.timestamp.before.max.ms': { type: 'long', fallback: FOREVER, least: 0 },
  'message.timestamp.type': {
    type: 'string',
    fallback: 'CreateTime',
    words: ['CreateTime', 'LogAppendTime'],
  },
  'min.cleanable.dirty.ratio': { type: 'double', fallback: '0.5', least: 0 },
  'min.compaction.lag.ms': { type: 'long', fallback: '0', least: 0 },
  'min.insync.replicas': { type: 'int', fallback: '1', least: 1 },
  preallocate: { type: 'boolean', fallback: 'false', words: ['true', 'false'] },
  'remote.storage.enable': { type: 'boolean', fallback: 'false', words: ['true', 'false'] },
  'retention.bytes': { type: 'long', fallback: '-1' },
  'retention.ms': { type: 'long', fallback: '604800000', least: -1 },
  'segment.bytes': { type: 'int', fallback: '1073741824', least: 14 },
  'segment.index.bytes': { type: 'int', fallback: '10485760', least: 4 },
  'segment.jitter.ms': { type: 'long', fallback: '0', least: 0 },
  'segment.ms': { type: 'long', fallback: '604800000', least: 1 },
  'unclean.leader.election.enable': {
    type: 'boolean',
    fallback: 'false',
    words: ['true', 'false'],
  },
}

export interface ToldSetting {
  readonly name: string
  readonly value: string
  readonly type: SettingType
  readonly isDefault: boolean
}

export class TopicConfig {
  readonly #given: Map<string, string>
  #limits: LogLimits | undefined

  constructor(given: Iterable<readonly [name: string, value: string]> = []) {
    this.#given = new Map(given)
  }

  /** What was set, without defaults. */
  get given(): ReadonlyMap<string, string> {
    return this.#given
  }

  get(name: string): string {
    return this.#given.get(name) ?? SETTINGS[name]?.fallback ?? ''
  }

  /** Sets a value, or takes it back to the default. */
  set(name: string, value: string | null): void {
    this.#limits = undefined
    if (value === null) this.#given.delete(name)
    else this.#given.set(name, value)
  }

  get limits(): LogLimits {
    this.#limits ??= this.#read()
    return this.#limits
  }

  /** All settings, in the order of their names. */
  all(): readonly ToldSetting[] {
    return Object.entries(SETTINGS).map(([name, { type, fallback }]) => ({
      name,
      value: this.#given.get(name) ?? fallback,
      type,
      isDefault: !this.#given.has(name),
    }))
  }

  #read(): LogLimits {
    const policy = words(this.get('cleanup.policy'))
    return {
      compact: policy.includes('compact'),
      delete: policy.includes('delete'),
      retentionMs: this.#number('retention.ms'),
      retentionBytes: this.#number('retention.bytes'),
      deleteRetentionMs: this.#number('delete.retention.ms'),
      minCompactionLagMs: this.#number('min.compaction.lag.ms'),
      minCleanableDirtyRatio: this.#number('min.cleanable.dirty.ratio'),
      segmentBytes: this.#number('segment.bytes'),
      segmentMs: this.#number('segment.ms'),
      maxMessageBytes: this.#number('max.message.bytes'),
      logAppendTime: this.get('message.timestamp.type') === 'LogAppendTime',
      timestampBeforeMaxMs: this.#number('message.timestamp.before.max.ms'),
      timestampAfterMaxMs: this.#number('message.timestamp.after.max.ms'),
      minInsyncReplicas: this.#number('min.insync.replicas'),
    }
  }

  #number(name: string): number {
    return Number(this.get(name))
  }
}

/** Why a setting cannot have this value; undefined: it can. */
export function settingProblem(name: string, value: string): string | undefined {
  const setting = SETTINGS[name]
  if (setting === undefined) return `Unknown topic config name: ${name}`
  const refused = `Invalid value ${value} for configuration ${name}`
  if (setting.words !== undefined) {
    const given = setting.type === 'list' ? words(value) : [value]
    return given.every((word) => setting.words?.includes(word)) ? undefined : refused
  }
  if (setting.type === 'string' || setting.type === 'list') return undefined
  if (!(setting.type === 'double' ? /^-?[\d.]+$/ : /^-?\d+$/).test(value)) return refused
  return Number(value) < (setting.least ?? Number.NEGATIVE_INFINITY) ? refused : undefined
}

/** Whether a setting is a list, to which values can be added. */
export function isListSetting(name: string): boolean {
  return SETTINGS[name]?.type === 'list'
}

function words(list: string): string[] {
  return list
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
}
