/** Membership: JoinGroup, SyncGroup, Heartbeat, LeaveGroup, and looking at groups. */

export const joinGroup = {
  name: 'JoinGroup',
  key: 11,
  min: 0,
  max: 9,
  flexible: 6,
  request: [
    { name: 'groupId', type: 'string' },
    { name: 'sessionTimeoutMs', type: 'int32' },
    { name: 'rebalanceTimeoutMs', type: 'int32', from: 1, default: -1 },
    { name: 'memberId', type: 'string' },
    { name: 'groupInstanceId', type: 'string', from: 5, nullable: 5, default: null },
    { name: 'protocolType', type: 'string' },
    {
      name: 'protocols',
      type: 'array',
      of: [
        { name: 'name', type: 'string' },
        { name: 'metadata', type: 'bytes' },
      ],
    },
    { name: 'reason', type: 'string', from: 8, nullable: 8, default: null },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', from: 2, default: 0 },
    { name: 'errorCode', type: 'int16' },
    { name: 'generationId', type: 'int32', default: -1 },
    { name: 'protocolType', type: 'string', from: 7, nullable: 7, default: null },
    { name: 'protocolName', type: 'string', nullable: 7 },
    { name: 'leader', type: 'string' },
    { name: 'skipAssignment', type: 'bool', from: 9, default: false },
    { name: 'memberId', type: 'string' },
    {
      name: 'members',
      type: 'array',
      of: [
        { name: 'memberId', type: 'string' },
        { name: 'groupInstanceId', type: 'string', from: 5, nullable: 5, default: null },
        { name: 'metadata', type: 'bytes' },
      ],
    },
  ],
} as const

export const syncGroup = {
  name: 'SyncGroup',
  key: 14,
  min: 0,
  max: 5,
  flexible: 4,
  request: [
    { name: 'groupId', type: 'string' },
    { name: 'generationId', type: 'int32' },
    { name: 'memberId', type: 'string' },
    { name: 'groupInstanceId', type: 'string', from: 3, nullable: 3, default: null },
    { name: 'protocolType', type: 'string', from: 5, nullable: 5, default: null },
    { name: 'protocolName', type: 'string', from: 5, nullable: 5, default: null },
    {
      name: 'assignments',
      type: 'array',
      of: [
        { name: 'memberId', type: 'string' },
        { name: 'assignment', type: 'bytes' },
      ],
    },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', from: 1, default: 0 },
    { name: 'errorCode', type: 'int16' },
    { name: 'protocolType', type: 'string', from: 5, nullable: 5, default: null },
    { name: 'protocolName', type: 'string', from: 5, nullable: 5, default: null },
    { name: 'assignment', type: 'bytes' },
  ],
} as const

export const heartbeat = {
  name: 'Heartbeat',
  key: 12,
  min: 0,
  max: 4,
  flexible: 4,
  request: [
    { name: 'groupId', type: 'string' },
    { name: 'generationId', type: 'int32' },
    { name: 'memberId', type: 'string' },
    { name: 'groupInstanceId', type: 'string', from: 3, nullable: 3, default: null },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', from: 1, default: 0 },
    { name: 'errorCode', type: 'int16' },
  ],
} as const

export const leaveGroup = {
  name: 'LeaveGroup',
  key: 13,
  min: 0,
  max: 5,
  flexible: 4,
  request: [
    { name: 'groupId', type: 'string' },
    { name: 'memberId', type: 'string', to: 2, default: '' },
    {
      name: 'members',
      type: 'array',
      from: 3,
      default: [],
      of: [
        { name: 'memberId', type: 'string' },
        { name: 'groupInstanceId', type: 'string', nullable: 3, default: null },
        { name: 'reason', type: 'string', from: 5, nullable: 5, default: null },
      ],
    },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', from: 1, default: 0 },
    { name: 'errorCode', type: 'int16' },
    {
      name: 'members',
      type: 'array',
      from: 3,
      default: [],
      of: [
        { name: 'memberId', type: 'string' },
        { name: 'groupInstanceId', type: 'string', nullable: 3, default: null },
        { name: 'errorCode', type: 'int16' },
      ],
    },
  ],
} as const

export const describeGroups = {
  name: 'DescribeGroups',
  key: 15,
  min: 0,
  max: 6,
  flexible: 5,
  request: [
    { name: 'groups', type: 'array', of: 'string' },
    { name: 'includeAuthorizedOperations', type: 'bool', from: 3, default: false },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', from: 1, default: 0 },
    {
      name: 'groups',
      type: 'array',
      of: [
        { name: 'errorCode', type: 'int16' },
        { name: 'errorMessage', type: 'string', from: 6, nullable: 6, default: null },
        { name: 'groupId', type: 'string' },
        { name: 'groupState', type: 'string' },
        { name: 'protocolType', type: 'string' },
        { name: 'protocolData', type: 'string' },
        {
          name: 'members',
          type: 'array',
          of: [
            { name: 'memberId', type: 'string' },
            { name: 'groupInstanceId', type: 'string', from: 4, nullable: 4, default: null },
            { name: 'clientId', type: 'string' },
            { name: 'clientHost', type: 'string' },
            { name: 'memberMetadata', type: 'bytes' },
            { name: 'memberAssignment', type: 'bytes' },
          ],
        },
        { name: 'authorizedOperations', type: 'int32', from: 3, default: -2147483648 },
      ],
    },
  ],
} as const

export const listGroups = {
  name: 'ListGroups',
  key: 16,
  min: 0,
  max: 5,
  flexible: 3,
  request: [
    { name: 'statesFilter', type: 'array', of: 'string', from: 4, default: [] },
    { name: 'typesFilter', type: 'array', of: 'string', from: 5, default: [] },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', from: 1, default: 0 },
    { name: 'errorCode', type: 'int16' },
    {
      name: 'groups',
      type: 'array',
      of: [
        { name: 'groupId', type: 'string' },
        { name: 'protocolType', type: 'string' },
        { name: 'groupState', type: 'string', from: 4, default: '' },
        { name: 'groupType', type: 'string', from: 5, default: '' },
      ],
    },
  ],
} as const

export const deleteGroups = {
  name: 'DeleteGroups',
  key: 42,
  min: 0,
  max: 2,
  flexible: 2,
  request: [{ name: 'groupsNames', type: 'array', of: 'string' }],
  response: [
    { name: 'throttleTimeMs', type: 'int32', default: 0 },
    {
      name: 'results',
      type: 'array',
      of: [
        { name: 'groupId', type: 'string' },
        { name: 'errorCode', type: 'int16' },
      ],
    },
  ],
} as const
