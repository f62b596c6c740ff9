/** The shapes of the case files, as their README has them; what a file is follows from its shape. */

/** A named function: its name, or with an argument. */
export type NamedFunction = string | { readonly fn: string; readonly arg?: string | number }

export interface WindowCase {
  readonly kind?: string
  readonly size_ms?: number
  readonly advance_ms?: number
  readonly grace_ms?: number
  readonly difference_ms?: number
  readonly before_ms?: number
  readonly after_ms?: number
}

/** A node of any operator: what an operator does not use is not there. */
export interface NodeCase {
  readonly op: string
  readonly id?: string
  readonly from?: string
  readonly with?: string | readonly string[]
  readonly topic?: string
  readonly topics?: readonly string[]
  readonly key_type?: string
  readonly value_type?: string
  readonly timestamp_extractor?: string
  readonly store?: string
  readonly versioned_history_ms?: number
  readonly retention_ms?: number
  readonly caching?: boolean
  readonly predicate?: NamedFunction
  readonly mapper?: NamedFunction
  readonly joiner?: NamedFunction
  readonly adder?: NamedFunction
  readonly subtractor?: NamedFunction
  readonly merger?: NamedFunction
  readonly init?: string | number
  readonly branches?: readonly { readonly name: string; readonly predicate: NamedFunction }[]
  readonly default?: string
  readonly name?: string
  readonly window?: WindowCase
  readonly emit?: string
  readonly until?: string
  readonly buffer?: unknown
  readonly grace_ms?: number
  readonly foreign_key?: NamedFunction
  readonly key_selector?: NamedFunction
  readonly type?: string
  readonly interval_ms?: number
  readonly forward_records?: boolean
  readonly cancel_after?: number
  readonly output?: string
}

export type WindowedKey = {
  readonly key: unknown
  readonly start: number
  readonly end: number
}

export interface RecordCase {
  readonly topic: string
  readonly key: unknown
  readonly value: unknown
  readonly ts: number
  readonly headers?: readonly unknown[]
}

export interface StepCase {
  readonly input?: RecordCase
  readonly advance_wall_clock_ms?: number
  readonly expected_outputs: readonly RecordCase[]
  readonly expected_error?: string
}

export interface DriverCase {
  readonly name: string
  readonly topology_description?: string
  readonly key_type?: string
  readonly value_type?: string
  readonly params?: {
    readonly caching?: boolean
    readonly topology_optimization?: string
    readonly start_wall_clock_ms?: number
    readonly processing_exception_handler?: 'continue' | 'fail'
  }
  readonly order_within_step?: 'exact' | 'any'
  readonly topology: readonly NodeCase[]
  readonly steps: readonly StepCase[]
  readonly final_stores?: Readonly<Record<string, readonly StoreRowCase[]>>
}

/** A row at the end: of a window if it has a start. */
export interface StoreRowCase {
  readonly key: unknown
  readonly start?: number
  readonly value: unknown
  readonly ts?: number
}

export interface StoreOperation {
  readonly op: string
  readonly args: readonly unknown[]
  readonly expected?: unknown
  readonly expected_error?: string
  readonly order?: string
}

export interface StoreCase {
  readonly name: string
  readonly store: {
    readonly type: string
    readonly retention_ms?: number
    readonly window_size_ms?: number
    readonly retain_duplicates?: boolean
  }
  readonly ops: readonly StoreOperation[]
}

/** What is true of a group of partitions at some time; what is not named is not asked. */
export interface GroupState {
  readonly streamTime?: number
  readonly buffered?: number
  readonly partitionTime?: Readonly<Record<string, number>>
  readonly head?: Readonly<Record<string, number | null>>
  readonly partition?: string
  readonly ts?: number
  readonly lateness?: number
  readonly [partition: string]: unknown
}

export interface GroupOperation {
  readonly add?: string
  readonly ts?: readonly number[]
  readonly expect?: GroupState
  readonly next?: GroupState
  readonly setPartitionTime?: readonly [partition: string, time: number]
  readonly set_lag?: readonly [partition: string, lag: number]
  readonly ready_at?: number
  readonly expected?: boolean
}

export interface GroupCase {
  readonly name: string
  readonly max_task_idle_ms?: number
  readonly ops: readonly GroupOperation[]
}

/** What became of one case. */
export type Outcome =
  | { readonly result: 'passed' }
  | { readonly result: 'failed'; readonly why: string }
  | { readonly result: 'skipped'; readonly why: string }

/** Thrown by an interpreter for what this version does not have. */
export class MissingOperator extends Error {
  readonly operator: string

  constructor(operator: string) {
    super(`there is no ${operator}`)
    this.operator = operator
  }
}
