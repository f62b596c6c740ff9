/** Batches as one Produce request, and its answer as one outcome for each of them. */
import type { produce } from '../protocol/apis.ts'
import type { RequestInput, ResponseOf } from '../protocol/message-table.ts'
import { unreachable } from './failures.ts'
import type { SealedBatch } from './produce-batch.ts'
import type { ProducePartition, ProduceProblem } from './produce-partition.ts'
import { reactionTo } from './reactions.ts'
import type { PartitionKey } from './topic-partition.ts'
import { byTopic, partitionKey } from './topic-partition.ts'

/** A batch on its way, and where it came from. */
export interface ProduceItem {
  readonly partition: ProducePartition
  readonly batch: SealedBatch
}

export interface ProduceOutcome {
  readonly item: ProduceItem
  /** Of its first record; undefined when it was not accepted. */
  readonly baseOffset: number | undefined
  readonly problem: ProduceProblem | undefined
}

type Answer = ResponseOf<typeof produce>
type Told = Answer['responses'][number]['partitionResponses'][number]

const ALL_REPLICAS = -1

/** Batches are not copied. */
export function produceRequest(
  items: readonly ProduceItem[],
  transactionalId: string | null,
  timeoutMs: number,
): RequestInput<typeof produce> {
  const flat = items.map(({ partition, batch }) => ({
    topic: partition.topic,
    partition: partition.partition,
    records: batch.records,
  }))
  return {
    transactionalId,
    acks: ALL_REPLICAS,
    timeoutMs,
    topicData: byTopic(flat).map(({ topic, items: of }) => ({
      name: topic,
      partitionData: of.map(({ partition, records }) => ({ index: partition, records })),
    })),
  }
}

/** One outcome for each item: a partition that the answer leaves out is unanswered. */
export function produceOutcomes(items: readonly ProduceItem[], answer: Answer): ProduceOutcome[] {
  const told = new Map<PartitionKey, Told>()
  for (const { name, partitionResponses } of answer.responses)
    for (const one of partitionResponses) told.set(partitionKey(name, one.index), one)
  return items.map((item) => {
    const { topic, partition } = item.partition
    const one = told.get(partitionKey(topic, partition))
    if (one === undefined) {
      const reason = unreachable(`the answer to Produce leaves out ${topic} partition ${partition}`)
      return { item, baseOffset: undefined, problem: { kind: 'unanswered', reason } }
    }
    if (reactionTo(one.errorCode) === 'none')
      return { item, baseOffset: one.baseOffset, problem: undefined }
    const [named] = one.recordErrors
    const detail = named?.batchIndexErrorMessage ?? one.errorMessage
    const problem = {
      kind: 'refused',
      code: one.errorCode,
      detail,
      index: named?.batchIndex,
    } as const
    return { item, baseOffset: undefined, problem }
  })
}
