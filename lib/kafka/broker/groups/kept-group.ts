/** A group as it is written down when it comes to rest, and taken up again after a restart. */
import type { Document } from '../storage/broker-storage.ts'
import type { Member } from './group.ts'
import { Group } from './group.ts'

interface KeptMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocols: readonly { readonly name: string; readonly metadata: string }[]
  readonly assignment: string
}

interface KeptGroup extends Document {
  readonly state: 'Empty' | 'Stable'
  readonly generation: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly leaderId: string | null
  readonly emptySinceMs: number
  readonly members: readonly KeptMember[]
}

export function groupToDocument(group: Group): Document {
  const { state, generation, protocolType, protocolName, leaderId, emptySinceMs } = group
  const members = [...group.members.values()].map((member): KeptMember => {
    const { memberId, instanceId, clientId, clientHost } = member
    const { sessionTimeoutMs, rebalanceTimeoutMs, assignment } = member
    return {
      memberId,
      instanceId,
      clientId,
      clientHost,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      protocols: member.protocols.map(({ name, metadata }) => ({
        name,
        metadata: metadata.toString('base64'),
      })),
      assignment: assignment.toString('base64'),
    }
  })
  return { state, generation, protocolType, protocolName, leaderId, emptySinceMs, members }
}

export function groupFromDocument(id: string, document: Document): Group {
  const kept = document as KeptGroup
  const group = new Group(id, kept.emptySinceMs)
  group.state = kept.state
  group.generation = kept.generation
  group.protocolType = kept.protocolType
  group.protocolName = kept.protocolName
  for (const member of kept.members) group.add(memberOf(member))
  group.leaderId = kept.leaderId
  return group
}

function memberOf(kept: KeptMember): Member {
  return {
    ...kept,
    protocols: kept.protocols.map(({ name, metadata }) => ({
      name,
      metadata: Buffer.from(metadata, 'base64'),
    })),
    assignment: Buffer.from(kept.assignment, 'base64'),
    answerJoin: undefined,
    joinVersion: 0,
    answerSync: undefined,
    deadlineMs: 0,
    session: undefined,
  }
}
