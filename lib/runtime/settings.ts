/**
 * Options once they were checked: every value is there, in the unit that its name ends with.
 *
 * All faults are ConfigErrors `INVALID_OPTION` (or `INVALID_NAME`) that name the option, what it is
 * and what it may be; nothing is opened before all options have passed.
 */
import { type Duration, milliseconds } from '../core/duration.ts'
import { ConfigError, type ErrorPolicies, type ErrorPolicy } from '../core/errors.ts'
import type { CompressionName, Guarantee, RuntimeOptions } from './options.ts'

/** What a commit needs beside its interval before the broker may abort its transaction. */
const TRANSACTION_MARGIN_MS = 1000
/** Names of internal topics begin with it, and a topic name has at most 249 characters. */
const APPLICATION_ID_LIMIT = 200
const MB = 1_048_576

export interface Settings {
  readonly applicationId: string
  readonly guarantee: Guarantee
  /** `undefined`: the default, which depends on the cluster. */
  readonly stateDir: string | undefined
  readonly commitIntervalMs: number
  readonly errors: ErrorPolicies
  readonly instanceId: string | undefined
  readonly maxTaskIdleMs: number
  readonly maxFutureSkewMs: number
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly transactionTimeoutMs: number
  readonly taskTimeoutMs: number
  readonly stopTimeoutMs: number
  readonly fetchMaxBytes: number
  readonly fetchMaxWaitMs: number
  readonly fetchMinBytes: number
  readonly compression: CompressionName
  readonly maxRequestBytes: number
  readonly lingerMs: number
  readonly flushEveryMs: number
  readonly flushBytes: number
  readonly internalPartitions: number | undefined
  readonly replicationFactor: number
  readonly cacheBytes: number
  readonly overlayBytes: number
  readonly maxCompleteRows: number
  readonly sync: boolean
  readonly verify: boolean
  readonly onUnreadableState: 'rebuild' | 'refuse'
  readonly recentProgress: number
}

/** Throws a {@link ConfigError} for the first option that is wrong. */
export function settingsOf(options: RuntimeOptions): Settings {
  checkNames(options)
  const guarantee = oneOf('guarantee', options.guarantee ?? 'exactly-once', [
    'exactly-once',
    'at-least-once',
    'at-most-once',
  ])
  const settings: Settings = {
    applicationId: options.applicationId,
    guarantee,
    stateDir: options.stateDir,
    commitIntervalMs: time(
      'commitInterval',
      options.commitInterval ?? (guarantee === 'exactly-once' ? 100 : 1000),
      1,
    ),
    errors: checkedPolicies(options.errors ?? {}),
    instanceId: options.instanceId,
    maxTaskIdleMs: time('maxTaskIdle', options.maxTaskIdle ?? 0),
    maxFutureSkewMs: time('maxFutureSkew', options.maxFutureSkew ?? '1h'),
    ...groupSettings(options),
    ...requestSettings(options),
    ...stateSettings(options),
    recentProgress: whole('recentProgress', options.recentProgress ?? 100, 1),
  }
  checkTransactionTimeout(settings)
  return settings
}

type GroupSettings = Pick<
  Settings,
  | 'sessionTimeoutMs'
  | 'rebalanceTimeoutMs'
  | 'transactionTimeoutMs'
  | 'taskTimeoutMs'
  | 'stopTimeoutMs'
>

function groupSettings(options: RuntimeOptions): GroupSettings {
  return {
    sessionTimeoutMs: time('sessionTimeout', options.sessionTimeout ?? '10s', 100),
    rebalanceTimeoutMs: time('rebalanceTimeout', options.rebalanceTimeout ?? '60s', 100),
    transactionTimeoutMs: time('transactionTimeout', options.transactionTimeout ?? '10s', 1),
    taskTimeoutMs: time('taskTimeout', options.taskTimeout ?? '5m', 1),
    stopTimeoutMs: time('stopTimeout', options.stopTimeout ?? '20s', 1),
  }
}

type RequestSettings = Pick<
  Settings,
  | 'fetchMaxBytes'
  | 'fetchMaxWaitMs'
  | 'fetchMinBytes'
  | 'compression'
  | 'maxRequestBytes'
  | 'lingerMs'
  | 'internalPartitions'
  | 'replicationFactor'
>

function requestSettings(options: RuntimeOptions): RequestSettings {
  const { fetch = {}, produce = {}, internalTopics = {} } = options
  const { partitions, replicationFactor = -1 } = internalTopics
  return {
    fetchMaxBytes: whole('fetch.maxBytes', fetch.maxBytes ?? 10 * MB, 1),
    fetchMaxWaitMs: time('fetch.maxWait', fetch.maxWait ?? 500),
    fetchMinBytes: whole('fetch.minBytes', fetch.minBytes ?? 1, 0),
    compression: oneOf('produce.compression', produce.compression ?? 'none', [
      'none',
      'gzip',
      'snappy',
      'lz4',
      'zstd',
    ]),
    maxRequestBytes: whole('produce.maxRequestBytes', produce.maxRequestBytes ?? MB, 1),
    lingerMs: time('produce.linger', produce.linger ?? 5),
    internalPartitions:
      partitions === undefined ? undefined : whole('internalTopics.partitions', partitions, 1),
    replicationFactor:
      replicationFactor === -1
        ? -1
        : whole('internalTopics.replicationFactor', replicationFactor, 1),
  }
}

type StateSettings = Pick<
  Settings,
  | 'flushEveryMs'
  | 'flushBytes'
  | 'cacheBytes'
  | 'overlayBytes'
  | 'maxCompleteRows'
  | 'sync'
  | 'verify'
  | 'onUnreadableState'
>

function stateSettings(options: RuntimeOptions): StateSettings {
  const { flush = {} } = options
  return {
    flushEveryMs: time('flush.every', flush.every ?? '5s', 1),
    flushBytes: whole('flush.bytes', flush.bytes ?? 8 * MB, 1),
    cacheBytes: whole('cacheBytes', options.cacheBytes ?? 24 * MB, 0),
    overlayBytes: whole('overlayBytes', options.overlayBytes ?? 32 * MB, 1),
    maxCompleteRows: whole('maxCompleteRows', options.maxCompleteRows ?? 1_000_000, 1),
    sync: options.sync ?? false,
    verify: options.verify ?? false,
    onUnreadableState: oneOf('onUnreadableState', options.onUnreadableState ?? 'rebuild', [
      'rebuild',
      'refuse',
    ]),
  }
}

function checkNames(options: RuntimeOptions): void {
  checkName('applicationId', options.applicationId, APPLICATION_ID_LIMIT)
  if (options.instanceId !== undefined) checkName('instanceId', options.instanceId, 249)
}

function checkName(option: string, name: unknown, limit: number): void {
  const legal = typeof name === 'string' && /^[A-Za-z0-9._-]+$/.test(name) && !/^\.\.?$/.test(name)
  if (legal && name.length <= limit) return
  throw new ConfigError(
    'INVALID_NAME',
    `${option} is ${JSON.stringify(name)}: write 1 to ${limit} of the characters A-Z a-z 0-9 . _ -`,
  )
}

/** The broker would abort transactions that are merely waiting for their commit. */
function checkTransactionTimeout(settings: Settings): void {
  const least = settings.commitIntervalMs + TRANSACTION_MARGIN_MS
  if (settings.transactionTimeoutMs > least) return
  throw new ConfigError(
    'INVALID_OPTION',
    `transactionTimeout is ${settings.transactionTimeoutMs} ms with a commitInterval of ` +
      `${settings.commitIntervalMs} ms: make it longer than ${least} ms, or commit more often`,
  )
}

function checkedPolicies(errors: ErrorPolicies): ErrorPolicies {
  for (const [phase, policy] of Object.entries(errors) as [string, ErrorPolicy | undefined][]) {
    if (!['decode', 'process', 'produce'].includes(phase))
      throw new ConfigError(
        'INVALID_OPTION',
        `errors.${phase} is unknown: the phases are decode, process and produce`,
      )
    if (policy !== undefined) checkPolicy(phase, policy)
  }
  return errors
}

function checkPolicy(phase: string, policy: ErrorPolicy): void {
  if (policy === 'fail' || policy === 'skip' || typeof policy === 'function') return
  if (typeof policy === 'object' && typeof policy.deadLetter === 'string') return
  throw new ConfigError(
    'INVALID_OPTION',
    `errors.${phase} is ${JSON.stringify(policy)}: write 'fail', 'skip', { deadLetter: topic } or a function that returns one of them`,
  )
}

function time(option: string, value: Duration, least = 0): number {
  const ms = milliseconds(value, option)
  if (ms >= least) return ms
  throw new ConfigError('INVALID_OPTION', `${option} is ${ms} ms: it must be at least ${least} ms`)
}

function whole(option: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new ConfigError(
    'INVALID_OPTION',
    `${option} is ${JSON.stringify(value)}: write a whole number of at least ${least}`,
  )
}

function oneOf<T extends string>(option: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value
  const choices = allowed.map((choice) => `'${choice}'`).join(', ')
  throw new ConfigError(
    'INVALID_OPTION',
    `${option} is ${JSON.stringify(value)}: choose one of ${choices}`,
  )
}
