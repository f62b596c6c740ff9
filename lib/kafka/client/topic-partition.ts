/** A partition's name, as a value and as the key of a Map. */

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** `'topic/partition'`: a topic's name never contains a slash. */
export type PartitionKey = string

export function partitionKey(topic: string, partition: number): PartitionKey {
  return `${topic}/${partition}`
}

/** The inverse of {@link partitionKey}. */
export function ofPartitionKey(key: PartitionKey): TopicPartition {
  const slash = key.lastIndexOf('/')
  return { topic: key.slice(0, slash), partition: Number(key.slice(slash + 1)) }
}

/** The shape that most requests want: one entry a topic, in the order of first appearance. */
export function byTopic<T extends TopicPartition>(
  items: Iterable<T>,
): { readonly topic: string; readonly items: readonly T[] }[] {
  const topics = new Map<string, T[]>()
  for (const item of items) {
    const of = topics.get(item.topic)
    if (of === undefined) topics.set(item.topic, [item])
    else of.push(item)
  }
  return [...topics].map(([topic, of]) => ({ topic, items: of }))
}
