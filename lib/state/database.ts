/**
 * A task's database: opened and believed or not, its sentinel rows, its store numbers. One write at a
 * time, whoever asks: batches in flight together would be applied in any order (schedules A2).
 */
import { ConfigError, FatalError } from '../core/errors.ts'
import type { ByteOperation, ByteRange, ByteStore, WriteOptions } from './byte-store.ts'
import { decodeRow } from './row.ts'
import type { IdentityRow, PositionRow, StoreEntry, TopicId } from './sentinel.ts'
import {
  damaged,
  decodeSentinel,
  encodeSentinel,
  IDENTITY_KEY,
  POSITION_KEY,
  STATE_FORMAT,
} from './sentinel.ts'
import type { StoreSpec } from './store-spec.ts'
import type { TaskStateOptions } from './task-state-options.ts'

/** What changes from batch to batch in the position row. */
export type Progress = Pick<PositionRow, 'stores' | 'inputs' | 'completeAt' | 'clean'>

const NO_PROGRESS: Progress = { stores: [], inputs: [], completeAt: null, clean: false }

export class Database {
  readonly byteStore: ByteStore
  /** What the last life left; nothing in a new database. */
  readonly found: Progress
  readonly #id: string
  readonly #bootId: string
  readonly #sync: boolean
  readonly #numbers: ReadonlyMap<string, number>
  readonly #addedStores: readonly StoreEntry[]
  readonly #addedTopicIds: readonly TopicId[]
  #tail: Promise<void> = Promise.resolve()

  /** Throws TaskCorruptedError STATE_DAMAGED, FatalError STATE_FOREIGN, ConfigError STORE_MISMATCH. */
  static async open(options: TaskStateOptions): Promise<Database> {
    const { byteStore, identity, bootId, sync = false, verify = false } = options
    const found = decodeSentinel(
      identity.task,
      byteStore.get(IDENTITY_KEY),
      byteStore.get(POSITION_KEY),
      await isEmpty(byteStore),
    )
    const rows = found ?? created(options)
    const { position } = rows
    checkIdentity(rows.identity, options)
    checkStores([...rows.identity.stores, ...position.addedStores], options.stores)
    if (!position.clean && position.bootId !== bootId && !sync)
      throw damaged(identity.task, 'the machine went down while it was open')
    const database = new Database(options, rows.identity, position)
    const first = encodeSentinel(IDENTITY_KEY, rows.identity)
    await database.#write(
      found === undefined ? [[{ type: 'put', key: IDENTITY_KEY, value: first }]] : [],
      // From here on it counts as not closed, also when the power goes before the first batch.
      database.found,
      true,
    )
    for (const range of database.#unowned(rows.identity, position)) await byteStore.clear(range)
    if (verify) await database.verify()
    return database
  }

  private constructor(options: TaskStateOptions, identity: IdentityRow, position: PositionRow) {
    const { byteStore, stores, bootId, sync = false } = options
    this.byteStore = byteStore
    this.#id = identity.id
    this.#bootId = bootId
    this.#sync = sync
    const known = [...identity.stores, ...position.addedStores]
    const added = numbered(stores, known)
    this.#addedStores = [...position.addedStores, ...added]
    this.#numbers = new Map([...known, ...added].map(({ name, number }) => [name, number]))
    this.#addedTopicIds = addedTopicIds(identity, position, options)
    const declared = new Set(onDisk(stores).map(({ name }) => name))
    this.found = {
      stores: position.stores.filter(({ name }) => declared.has(name)),
      inputs: position.inputs,
      completeAt: position.completeAt,
      clean: false,
    }
  }

  numberOf(store: StoreSpec): number | undefined {
    return store.in === 'memory' ? undefined : this.#numbers.get(store.name)
  }

  /** Runs `work` when everything asked for before has ended; nothing else writes meanwhile. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work)
    this.#tail = result.then(
      () => undefined,
      () => undefined,
    )
    return result
  }

  /** A batch, in pieces, and the position that is true with it. Only inside `exclusive`. */
  write(
    operations: readonly Iterable<ByteOperation>[],
    progress: Progress,
    { durable = false, pause }: WriteOptions = {},
  ): Promise<void> {
    return this.#write(operations, progress, durable || this.#sync, pause)
  }

  clear(range: ByteRange): Promise<void> {
    return this.byteStore.clear(range)
  }

  /** Checks every row. Throws STATE_DAMAGED. */
  async verify(): Promise<void> {
    for await (const piece of this.byteStore.scan({ from: FIRST_ROW }))
      for (const [key, bytes] of piece) decodeRow(key, bytes, `number ${key.readUInt16BE(0)}`)
  }

  #write(
    operations: readonly Iterable<ByteOperation>[],
    progress: Progress,
    durable: boolean,
    pause?: () => Promise<void>,
  ): Promise<void> {
    const row: PositionRow = {
      ...progress,
      id: this.#id,
      bootId: this.#bootId,
      addedStores: this.#addedStores,
      addedTopicIds: this.#addedTopicIds,
    }
    const value = encodeSentinel(POSITION_KEY, row)
    return this.byteStore.write(
      joined([...operations, [{ type: 'put', key: POSITION_KEY, value }]]),
      {
        durable,
        ...(pause === undefined ? {} : { pause }),
      },
    )
  }

  /** Rows of stores that are not declared any more, or whose offset nobody knows. */
  *#unowned(identity: IdentityRow, position: PositionRow): Iterable<ByteRange> {
    const owned = new Set(this.found.stores.map(({ name }) => name))
    for (const { name, number } of [...identity.stores, ...position.addedStores])
      if (!owned.has(name)) yield { from: numberBytes(number), until: numberBytes(number + 1) }
  }
}

/** One after the other; not `yield*`, which goes through every level for each row. */
function* joined(all: readonly Iterable<ByteOperation>[]): Iterable<ByteOperation> {
  for (const operations of all) for (const each of operations) yield each
}

const FIRST_ROW = numberBytes(1)

function numberBytes(number: number): Buffer {
  const bytes = Buffer.allocUnsafe(2)
  bytes.writeUInt16BE(number, 0)
  return bytes
}

async function isEmpty(byteStore: ByteStore): Promise<boolean> {
  for await (const piece of byteStore.scan({ limit: 1 })) if (piece.length > 0) return false
  return true
}

function onDisk(stores: readonly StoreSpec[]): readonly StoreSpec[] {
  return stores.filter((store) => store.in !== 'memory')
}

/** Numbers for the stores that have none. */
function numbered(stores: readonly StoreSpec[], known: readonly StoreEntry[]): StoreEntry[] {
  const names = new Set(known.map(({ name }) => name))
  let last = known.reduce((highest, { number }) => Math.max(highest, number), 0)
  return onDisk(stores)
    .filter(({ name }) => !names.has(name))
    .map(({ name, kind, format }) => ({ name, number: ++last, kind, format }))
}

function created(options: TaskStateOptions): {
  readonly identity: IdentityRow
  readonly position: PositionRow
} {
  const { application, clusterId, task, topicIds } = options.identity
  const id = options.random.bytes(16).toString('hex')
  return {
    identity: {
      format: STATE_FORMAT,
      id,
      application,
      clusterId,
      task,
      topicIds: [...topicIds],
      stores: numbered(options.stores, []),
    },
    position: {
      ...NO_PROGRESS,
      id,
      bootId: options.bootId,
      addedStores: [],
      addedTopicIds: [],
    },
  }
}

function checkIdentity(identity: IdentityRow, options: TaskStateOptions): void {
  const { application, clusterId, task } = options.identity
  if (identity.application !== application)
    throw foreign(task, `application '${identity.application}', not '${application}'`)
  if (identity.clusterId !== clusterId)
    throw foreign(task, `cluster '${identity.clusterId}', not '${clusterId}'`)
  if (identity.task !== task) throw foreign(task, `task '${identity.task}'`)
}

function addedTopicIds(
  identity: IdentityRow,
  position: PositionRow,
  { identity: own }: TaskStateOptions,
): readonly TopicId[] {
  const known = new Map([...identity.topicIds, ...position.addedTopicIds])
  const added: TopicId[] = [...position.addedTopicIds]
  for (const [topic, id] of own.topicIds) {
    const before = known.get(topic)
    if (before === undefined) added.push([topic, id])
    else if (before !== id)
      throw foreign(own.task, `topic '${topic}' with id ${before}, which has id ${id} now`)
  }
  return added
}

function foreign(task: string, whose: string): FatalError {
  return new FatalError(
    'STATE_FOREIGN',
    `the state of task ${task} belongs to ${whose}: give this application a stateDir of its own, or, if what it counted is to be forgotten, delete the task's directory`,
  )
}

/** The same name and another kind or serde: the rows would be read as what they are not. */
function checkStores(known: readonly StoreEntry[], stores: readonly StoreSpec[]): void {
  for (const { name, kind, format } of onDisk(stores)) {
    const entry = known.find((each) => each.name === name)
    if (entry === undefined || (entry.kind === kind && entry.format === format)) continue
    throw new ConfigError(
      'STORE_MISMATCH',
      `store '${name}' is declared as ${kind} of ${format}, on disk it is ${entry.kind} of ${entry.format}: give it a new name, or reset the application`,
    )
  }
}
