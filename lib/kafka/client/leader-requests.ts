/**
 * A question about partitions, put to the leader of each, until every one has an answer that
 * repeating would not change.
 */
import type { ClusterClient } from './cluster-client.ts'
import { failureOf, isTransientError, unreachable } from './failures.ts'
import { isTransient, reactionTo } from './reactions.ts'
import type { PartitionKey, TopicPartition } from './topic-partition.ts'
import { partitionKey } from './topic-partition.ts'

/** What a leader says about one partition. */
export interface Told<R> {
  readonly code: number
  readonly value: R
}

export interface LeaderQuestion<T extends TopicPartition, R> {
  /** For errors. */
  readonly what: string
  readonly items: readonly T[]
  readonly ask: (node: number, items: readonly T[]) => Promise<ReadonlyMap<PartitionKey, Told<R>>>
  readonly patienceMs: number
}

/** Codes that are not transient are the caller's to judge. Throws RetriableError when time is up. */
export async function askLeaders<T extends TopicPartition, R>(
  client: ClusterClient,
  question: LeaderQuestion<T, R>,
): Promise<ReadonlyMap<PartitionKey, Told<R>>> {
  const answers = new Map<PartitionKey, Told<R>>()
  const backoff = client.backoff()
  const until = client.clock.monotonic() + question.patienceMs
  let open = question.items
  for (;;) {
    const refused = await askOnce(client, question, open, answers)
    open = open.filter((item) => !answers.has(partitionKey(item.topic, item.partition)))
    if (open.length === 0) return answers
    if (client.closing.aborted || client.clock.monotonic() >= until)
      throw refused ?? unreachable(`${question.what}: ${open[0]?.topic} has no leader`)
    await client.refresh([...new Set(open.map(({ topic }) => topic))])
    // The first time that is all it takes: leaders were not looked up yet.
    const isKnown = open.every(({ topic, partition }) => client.leader(topic, partition))
    if (refused !== undefined || !isKnown) await backoff.wait(client.closing)
  }
}

/** Returns why some have no answer, when somebody said why. */
async function askOnce<T extends TopicPartition, R>(
  client: ClusterClient,
  { ask, what }: LeaderQuestion<T, R>,
  open: readonly T[],
  answers: Map<PartitionKey, Told<R>>,
): Promise<Error | undefined> {
  const byNode = new Map<number, T[]>()
  for (const item of open) {
    const leader = client.leader(item.topic, item.partition)
    if (leader === undefined) continue
    const ofNode = byNode.get(leader.node)
    if (ofNode === undefined) byNode.set(leader.node, [item])
    else ofNode.push(item)
  }
  let refused: Error | undefined
  const asking = [...byNode].map(async ([node, items]) => {
    try {
      for (const [key, told] of await ask(node, items))
        if (isTransient(reactionTo(told.code))) refused = failureOf(told.code, `${what} of ${key}`)
        else answers.set(key, told)
    } catch (reason) {
      if (!isTransientError(reason)) throw reason
      refused = unreachable(`${what}: broker ${node} did not answer`, reason)
    }
  })
  await Promise.all(asking)
  return refused
}
