/**
 * The view that tells the whole table of its task once per interval of wall-clock time, in one
 * transaction: all rows, or the first `limit` of them in the order of `sort`.
 */
import { RecordError } from '../../core/errors.ts'
import { EMPTY_HEADERS } from '../../core/headers.ts'
import type { Row } from '../../core/record.ts'
import type { InnerKeyValueStore } from '../../state/inner-stores.ts'
import type { ErasedSerde } from '../../topology/nodes.ts'
import type { OperatorContext, OperatorSupplier } from '../../topology/operator.ts'
import type { Demand } from './demand.ts'
import { Interval } from './interval.ts'
import { keyBytes } from './key-identity.ts'
import { outletsOf } from './outlets.ts'
import { LATEST_START, type WindowShape, windowed } from './window-shape.ts'
import { windowTableOf } from './window-table.ts'

export interface EmitCompleteOptions {
  /** The table's. */
  readonly store: string
  /** Of the table's keys: for windowed ones `serdes.windowed`. Ties fall to the smaller bytes. */
  readonly key: ErasedSerde
  readonly everyMs: number
  readonly sort?: ((a: Row<never, never>, b: Row<never, never>) => number) | undefined
  readonly limit?: number | undefined
  /** Given for windowed tables. */
  readonly shape?: WindowShape | undefined
  readonly demand: Demand
}

interface TableRow extends Row<unknown, unknown> {
  readonly timestamp: number
  /** Made when two rows tie. */
  bytes?: Buffer
}

/** An addressed child of its table. Numbers: `w`. */
export function emitComplete(options: EmitCompleteOptions): OperatorSupplier {
  const { limit = Number.POSITIVE_INFINITY, demand } = options
  return (context) => {
    const interval = new Interval(context, options.everyMs)
    const rowsOf = reader(context, options)
    const tell = outletsOf(context, demand)

    const collect = async (): Promise<readonly TableRow[]> => {
      const rows = new LimitedRows(orderOf(options), limit)
      for await (const row of rowsOf()) {
        if (!rows.add(row)) break
        if (rows.wanted > context.maxCompleteRows)
          throw tooLarge(context.node, context.maxCompleteRows)
      }
      return rows.take()
    }

    return {
      process: () => interval.begin(),
      async beforeCommit() {
        if (options.shape !== undefined)
          windowTableOf(context.store(options.store)).release(context.node)
        if (!interval.due()) return
        for (const { key, value, timestamp } of await collect())
          tell(key, { now: value, before: undefined }, timestamp, EMPTY_HEADERS)
      },
    }
  }
}

type Order = (a: TableRow, b: TableRow) => number

/** The first rows in an order, or as they come, in memory for the limit alone. */
class LimitedRows {
  readonly #order: Order | undefined
  readonly #limit: number
  #rows: TableRow[] = []

  constructor(order: Order | undefined, limit: number) {
    this.#order = order
    this.#limit = limit
  }

  /** How many of those that came so far are asked for. */
  get wanted(): number {
    return Math.min(this.#rows.length, this.#limit)
  }

  /** False when no later row can be among the first. */
  add(row: TableRow): boolean {
    this.#rows.push(row)
    if (this.#order === undefined) return this.#rows.length < this.#limit
    // Cut at twice the limit: a row costs a comparison per level, not a sort.
    if (this.#rows.length >= 2 * this.#limit) this.#rows = [...this.take()]
    return true
  }

  take(): readonly TableRow[] {
    if (this.#order !== undefined) this.#rows.sort(this.#order)
    return this.#rows.slice(0, this.#limit)
  }
}

function reader(
  context: OperatorContext,
  { store: name, shape }: EmitCompleteOptions,
): () => AsyncIterable<TableRow> {
  if (shape === undefined) {
    const store = context.store<InnerKeyValueStore<unknown, unknown>>(name)
    return () => store.range({})
  }
  const store = context.store<object>(name)
  return async function* () {
    const table = windowTableOf(store)
    for await (const { key, start, value, timestamp } of table
      .scan()
      .rows(table.readableFrom, LATEST_START))
      yield { key: windowed(shape, key, start), value, timestamp }
  }
}

function orderOf(options: EmitCompleteOptions): ((a: TableRow, b: TableRow) => number) | undefined {
  const { sort } = options
  if (sort === undefined) return undefined
  const bytesOf = (row: TableRow): Buffer =>
    (row.bytes ??= keyBytes(options.key, options.store, row.key))
  return (a, b) => sort(a as never, b as never) || Buffer.compare(bytesOf(a), bytesOf(b))
}

function tooLarge(node: string, maxRows: number): RecordError {
  return new RecordError(
    'COMPLETE_TOO_LARGE',
    `the table behind ${node} has more than ${maxRows} rows in one task: give { complete } a \`limit\`, or raise maxCompleteRows`,
    { phase: 'process', node },
  )
}
