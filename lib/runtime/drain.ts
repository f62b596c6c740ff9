/**
 * Stopping with `drain`: what lies up to the ends read at the call is processed; what that wrote to
 * the application's own repartition topics is read behind it, until there is nothing left.
 */
import type { Admin } from '../kafka/client/admin.ts'
import {
  ofPartitionKey,
  partitionKey,
  type TopicPartition,
} from '../kafka/client/topic-partition.ts'
import type { Intake } from './intake.ts'
import type { TaskTable } from './task-table.ts'

export class Drain {
  readonly #admin: Admin
  readonly #table: TaskTable
  readonly #intake: Intake
  #ends: ReadonlyMap<string, number> | undefined

  constructor(admin: Admin, table: TaskTable, intake: Intake) {
    this.#admin = admin
    this.#table = table
    this.#intake = intake
  }

  /** Whether everything up to the ends has been taken and processed; reads the ends when first asked. */
  async done(): Promise<boolean> {
    this.#ends ??= await this.#read(this.#inputs(() => true))
    for (const [key, end] of this.#ends) {
      const { topic, partition } = ofPartitionKey(key)
      const task = this.#table.reader({ topic, partition })?.task
      if (task === undefined) continue
      if (this.#intake.positionOf(topic, partition) < end || task.queuedOf(topic) > 0) return false
    }
    return true
  }

  /** After a commit: whether own topics have grown meanwhile, so that it is not over. */
  async grown(): Promise<boolean> {
    const ends = await this.#read(this.#inputs((internal) => internal))
    const more = [...ends].some(([key, end]) => {
      const { topic, partition } = ofPartitionKey(key)
      return this.#intake.positionOf(topic, partition) < end
    })
    if (more) this.#ends = ends
    return more
  }

  async #read(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, number>> {
    if (partitions.length === 0) return new Map()
    const offsets = await this.#admin.listOffsets(partitions, 'latest')
    return new Map(
      partitions.map(({ topic, partition }) => {
        const key = partitionKey(topic, partition)
        return [key, offsets.get(key)?.offset ?? 0]
      }),
    )
  }

  #inputs(wanted: (internal: boolean) => boolean): TopicPartition[] {
    return this.#table
      .running()
      .flatMap(({ topics, ref, plan }) =>
        topics
          .filter((topic) => wanted(plan.internalSources.has(topic)))
          .map((topic) => ({ topic, partition: ref.partition })),
      )
  }
}
