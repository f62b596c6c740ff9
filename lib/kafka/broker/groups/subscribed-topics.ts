/** Which topics the members of a consumer group read, from the metadata that they joined with. */
import type { Group } from './group.ts'

/** Undefined: the group has members whose metadata only they understand. */
export function subscribedTopics(group: Group): ReadonlySet<string> | undefined {
  const topics = new Set<string>()
  if (group.members.size === 0) return topics
  if (group.protocolType !== 'consumer') return undefined
  for (const member of group.members.values())
    for (const topic of topicsOf(group.metadataOf(member))) topics.add(topic)
  return topics
}

/** ConsumerProtocolSubscription: version, then the topics. What is cut ends the list. */
function topicsOf(metadata: Buffer): string[] {
  const topics: string[] = []
  if (metadata.length < 6) return topics
  let at = 6
  for (let left = metadata.readInt32BE(2); left > 0 && at + 2 <= metadata.length; left--) {
    const end = at + 2 + metadata.readUInt16BE(at)
    topics.push(metadata.toString('utf8', at + 2, end))
    at = end
  }
  return topics
}
