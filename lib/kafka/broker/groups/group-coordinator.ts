/**
 * The group coordinator: all groups with their members and committed offsets, and who may commit.
 * Expiry is looked at when a group is used, so that an idle broker needs no timer.
 */
import type { Clock } from '../../../core/clock.ts'
import type { Random } from '../../../core/random.ts'
import type { joinGroup } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { RequestOf } from '../../protocol/message-table.ts'
import type { BrokerSettings } from '../settings.ts'
import type { BrokerStorage } from '../storage/broker-storage.ts'
import type { JoinAnswer } from './group.ts'
import { Group } from './group.ts'
import type { CommittedOffset, OffsetProducer } from './group-offsets.ts'
import { GroupOffsets } from './group-offsets.ts'
import { groupFromDocument, groupToDocument } from './kept-group.ts'
import type { GroupClient } from './membership.ts'
import { identityProblem, Membership } from './membership.ts'
import { Rebalance, refuseJoin } from './rebalance.ts'

export interface KnownGroup {
  readonly group: Group
  readonly offsets: GroupOffsets
}

/** In whose name offsets are committed. */
export interface Committer {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
}

export class GroupCoordinator {
  readonly membership: Membership
  readonly #clock: Clock
  readonly #settings: BrokerSettings
  readonly #storage: BrokerStorage
  readonly #rebalance: Rebalance
  readonly #groups = new Map<string, KnownGroup>()

  constructor(o: {
    clock: Clock
    random: Random
    settings: BrokerSettings
    storage: BrokerStorage
  }) {
    this.#clock = o.clock
    this.#settings = o.settings
    this.#storage = o.storage
    this.#rebalance = new Rebalance({
      clock: o.clock,
      initialDelayMs: o.settings.initialRebalanceDelayMs,
      settled: (group) => this.#storage.put('group', group.id, groupToDocument(group)),
    })
    this.membership = new Membership({ ...o, rebalance: this.#rebalance })
  }

  /** Takes up what the storage kept; sessions run from now on. */
  resume(): void {
    for (const [id, document] of this.#storage.documents('group')) {
      const group = groupFromDocument(id, document)
      this.#groups.set(id, { group, offsets: new GroupOffsets(id, this.#storage) })
      for (const member of group.members.values()) this.#rebalance.touch(group, member)
    }
    for (const [key, document] of this.#storage.documents('offset')) {
      const [groupId, , producerId] = JSON.parse(key) as [string, string, number | undefined]
      this.#make(groupId).offsets.load(document as CommittedOffset, producerId)
    }
  }

  get groups(): readonly KnownGroup[] {
    return [...this.#groups.keys()].flatMap((id) => this.get(id) ?? [])
  }

  get(id: string): KnownGroup | undefined {
    const known = this.#groups.get(id)
    if (known !== undefined && this.#isExpired(known)) {
      this.#forget(id)
      return undefined
    }
    return known
  }

  join(
    request: RequestOf<typeof joinGroup>,
    client: GroupClient,
    version: number,
  ): JoinAnswer | Promise<JoinAnswer> {
    const { groupId, memberId, sessionTimeoutMs } = request
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.#settings
    if (groupId === '') return refuseJoin(ErrorCode.INVALID_GROUP_ID, version, memberId)
    if (sessionTimeoutMs < minSessionTimeoutMs || sessionTimeoutMs > maxSessionTimeoutMs)
      return refuseJoin(ErrorCode.INVALID_SESSION_TIMEOUT, version, memberId)
    const known = this.get(groupId)
    if (known === undefined && memberId !== '')
      return refuseJoin(ErrorCode.UNKNOWN_MEMBER_ID, version, memberId)
    return this.membership.join((known ?? this.#make(groupId)).group, request, client, version)
  }

  /**
   * Whether offsets may be committed in this name: a code. Without generation and member anyone may
   * within a transaction, else only while the group is empty.
   */
  commitProblem(committer: Committer, transactional: boolean): number {
    const { groupId, generationId, memberId, groupInstanceId } = committer
    const group = this.get(groupId)?.group
    if (group === undefined) return generationId < 0 ? ErrorCode.NONE : ErrorCode.ILLEGAL_GENERATION
    if (generationId < 0 && group.state === 'Empty') return ErrorCode.NONE
    if (generationId < 0 && memberId === '' && groupInstanceId === null)
      return transactional ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID
    const code = identityProblem(group, memberId, groupInstanceId)
    if (code !== ErrorCode.NONE) return code
    if (generationId !== group.generation) return ErrorCode.ILLEGAL_GENERATION
    if (transactional) return ErrorCode.NONE
    if (group.state === 'CompletingRebalance') return ErrorCode.REBALANCE_IN_PROGRESS
    const member = group.members.get(memberId)
    if (member !== undefined) this.#rebalance.touch(group, member)
    return ErrorCode.NONE
  }

  /** Stores one offset; a code. With a producer it waits for the end of the transaction. */
  commit(
    groupId: string,
    offset: Pick<CommittedOffset, 'topic' | 'partition' | 'offset' | 'leaderEpoch' | 'metadata'>,
    producer?: OffsetProducer,
  ): number {
    if (Buffer.byteLength(offset.metadata) > this.#settings.maxOffsetMetadataBytes)
      return ErrorCode.OFFSET_METADATA_TOO_LARGE
    const committedAtMs = this.#clock.now()
    this.#make(groupId).offsets.commit({ ...offset, committedAtMs }, producer)
    return ErrorCode.NONE
  }

  /** The marker of a transaction has reached the group. */
  endTransaction(groupId: string, producerId: number, commit: boolean): void {
    this.#groups.get(groupId)?.offsets.end(producerId, commit)
  }

  /** A code. */
  delete(groupId: string): number {
    const known = this.get(groupId)
    if (known === undefined) return ErrorCode.GROUP_ID_NOT_FOUND
    if (known.group.state !== 'Empty') return ErrorCode.NON_EMPTY_GROUP
    this.#forget(groupId)
    return ErrorCode.NONE
  }

  forgetTopic(topic: string): void {
    for (const { offsets } of this.#groups.values()) offsets.forgetTopic(topic)
  }

  close(): void {
    for (const { group } of this.#groups.values()) {
      group.phase?.cancel()
      for (const timer of group.pending.values()) timer.cancel()
      for (const member of group.members.values()) member.session?.cancel()
    }
  }

  #make(id: string): KnownGroup {
    let known = this.get(id)
    if (known === undefined) {
      known = {
        group: new Group(id, this.#clock.now()),
        offsets: new GroupOffsets(id, this.#storage),
      }
      this.#groups.set(id, known)
    }
    return known
  }

  #forget(id: string): void {
    this.#groups.get(id)?.offsets.forget(() => true)
    this.#groups.delete(id)
    this.#storage.remove('group', id)
  }

  /** Drops offsets whose time has come; whether nothing is left of the group. */
  #isExpired({ group, offsets }: KnownGroup): boolean {
    if (group.state !== 'Empty' || offsets.size === 0) return false
    const before = this.#clock.now() - this.#settings.offsetsRetentionMs
    // Groups that only ever committed have no end of membership to count from.
    const since = group.protocolType === null ? 0 : group.emptySinceMs
    offsets.forget(({ committedAtMs }) => Math.max(committedAtMs, since) < before)
    return offsets.size === 0 && !offsets.hasPending && group.pending.size === 0
  }
}
