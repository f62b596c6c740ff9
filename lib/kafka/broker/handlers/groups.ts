/** Membership and looking at groups: requests to the group coordinator. */
import {
  deleteGroups,
  describeGroups,
  heartbeat,
  joinGroup,
  leaveGroup,
  listGroups,
  syncGroup,
} from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { KnownGroup } from '../groups/group-coordinator.ts'
import { refuseJoin, refuseSync } from '../groups/rebalance.ts'
import type { Handler } from './handler.ts'
import { handler } from './handler.ts'
import { isCoordinator } from './routing.ts'

/** First versions of LeaveGroup with several members, of DescribeGroups with a code for unknown ones. */
const LEAVE_LIST_VERSION = 3
const NOT_FOUND_VERSION = 6

export const joinGroupHandler: Handler = handler(
  joinGroup,
  ({ state, context, version, request }) =>
    isCoordinator(state, context, request.groupId)
      ? state.groups.join(request, context, version)
      : refuseJoin(ErrorCode.NOT_COORDINATOR, version, request.memberId),
)

export const syncGroupHandler: Handler = handler(syncGroup, ({ state, context, request }) => {
  if (!isCoordinator(state, context, request.groupId)) return refuseSync(ErrorCode.NOT_COORDINATOR)
  const known = state.groups.get(request.groupId)
  return known === undefined
    ? refuseSync(ErrorCode.UNKNOWN_MEMBER_ID)
    : state.groups.membership.sync(known.group, request)
})

export const heartbeatHandler: Handler = handler(heartbeat, ({ state, context, request }) => {
  if (!isCoordinator(state, context, request.groupId))
    return { errorCode: ErrorCode.NOT_COORDINATOR }
  const known = state.groups.get(request.groupId)
  return {
    errorCode:
      known === undefined
        ? ErrorCode.UNKNOWN_MEMBER_ID
        : state.groups.membership.heartbeat(known.group, request),
  }
})

export const leaveGroupHandler: Handler = handler(
  leaveGroup,
  ({ state, context, version, request }) => {
    if (!isCoordinator(state, context, request.groupId))
      return { errorCode: ErrorCode.NOT_COORDINATOR }
    const known = state.groups.get(request.groupId)
    const leave = (memberId: string, instanceId: string | null): number =>
      known === undefined
        ? ErrorCode.UNKNOWN_MEMBER_ID
        : state.groups.membership.leave(known.group, memberId, instanceId)
    if (version < LEAVE_LIST_VERSION) return { errorCode: leave(request.memberId, null) }
    const members = request.members.map(({ memberId, groupInstanceId }) => ({
      memberId,
      groupInstanceId,
      errorCode: leave(memberId, groupInstanceId),
    }))
    return { errorCode: ErrorCode.NONE, members }
  },
)

export const describeGroupsHandler: Handler = handler(
  describeGroups,
  ({ state, context, version, request }) => ({
    groups: request.groups.map((groupId) => {
      if (!isCoordinator(state, context, groupId))
        return undescribed(groupId, ErrorCode.NOT_COORDINATOR, '')
      const known = state.groups.get(groupId)
      if (known !== undefined) return described(known)
      return version >= NOT_FOUND_VERSION
        ? undescribed(groupId, ErrorCode.GROUP_ID_NOT_FOUND, 'Dead')
        : undescribed(groupId, ErrorCode.NONE, 'Dead')
    }),
  }),
)

function undescribed(groupId: string, errorCode: number, groupState: string) {
  return { errorCode, groupId, groupState, protocolType: '', protocolData: '', members: [] }
}

function described({ group }: KnownGroup) {
  return {
    errorCode: ErrorCode.NONE,
    groupId: group.id,
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: group.state === 'Stable' ? (group.protocolName ?? '') : '',
    members: [...group.members.values()].map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: group.metadataOf(member),
      memberAssignment: member.assignment,
    })),
  }
}

export const listGroupsHandler: Handler = handler(listGroups, ({ state, request }) => {
  const states = request.statesFilter.map((name) => name.toLowerCase())
  const types = request.typesFilter.map((name) => name.toLowerCase())
  const listed = state.groups.groups.filter(
    ({ group }) => states.length === 0 || states.includes(group.state.toLowerCase()),
  )
  return {
    errorCode: ErrorCode.NONE,
    groups: (types.length === 0 || types.includes('classic') ? listed : []).map(({ group }) => ({
      groupId: group.id,
      protocolType: group.protocolType ?? '',
      groupState: group.state,
      groupType: 'classic',
    })),
  }
})

export const deleteGroupsHandler: Handler = handler(
  deleteGroups,
  ({ state, context, request }) => ({
    results: request.groupsNames.map((groupId) => ({
      groupId,
      errorCode: isCoordinator(state, context, groupId)
        ? state.groups.delete(groupId)
        : ErrorCode.NOT_COORDINATOR,
    })),
  }),
)
