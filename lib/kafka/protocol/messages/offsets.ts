/** Committed offsets: OffsetCommit, OffsetFetch, OffsetDelete. */

export const offsetCommit = {
  name: 'OffsetCommit',
  key: 8,
  min: 1,
  max: 9,
  flexible: 8,
  request: [
    { name: 'groupId', type: 'string' },
    { name: 'generationIdOrMemberEpoch', type: 'int32', from: 1, default: -1 },
    { name: 'memberId', type: 'string', from: 1, default: '' },
    { name: 'groupInstanceId', type: 'string', from: 7, nullable: 7, default: null },
    { name: 'retentionTimeMs', type: 'int64', from: 2, to: 4, default: -1 },
    {
      name: 'topics',
      type: 'array',
      of: [
        { name: 'name', type: 'string' },
        {
          name: 'partitions',
          type: 'array',
          of: [
            { name: 'partitionIndex', type: 'int32' },
            { name: 'committedOffset', type: 'int64' },
            { name: 'committedLeaderEpoch', type: 'int32', from: 6, default: -1 },
            { name: 'commitTimestamp', type: 'int64', from: 1, to: 1, default: -1 },
            { name: 'committedMetadata', type: 'string', nullable: 0 },
          ],
        },
      ],
    },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', from: 3, default: 0 },
    {
      name: 'topics',
      type: 'array',
      of: [
        { name: 'name', type: 'string' },
        {
          name: 'partitions',
          type: 'array',
          of: [
            { name: 'partitionIndex', type: 'int32' },
            { name: 'errorCode', type: 'int16' },
          ],
        },
      ],
    },
  ],
} as const

export const offsetFetch = {
  name: 'OffsetFetch',
  key: 9,
  min: 1,
  max: 9,
  flexible: 6,
  request: [
    { name: 'groupId', type: 'string', to: 7, default: '' },
    {
      name: 'topics',
      type: 'array',
      to: 7,
      nullable: 2,
      default: null,
      of: [
        { name: 'name', type: 'string' },
        { name: 'partitionIndexes', type: 'array', of: 'int32' },
      ],
    },
    {
      name: 'groups',
      type: 'array',
      from: 8,
      default: [],
      of: [
        { name: 'groupId', type: 'string' },
        { name: 'memberId', type: 'string', from: 9, nullable: 9, default: null },
        { name: 'memberEpoch', type: 'int32', from: 9, default: -1 },
        {
          name: 'topics',
          type: 'array',
          nullable: 8,
          default: null,
          of: [
            { name: 'name', type: 'string' },
            { name: 'partitionIndexes', type: 'array', of: 'int32' },
          ],
        },
      ],
    },
    { name: 'requireStable', type: 'bool', from: 7, default: false },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', from: 3, default: 0 },
    {
      name: 'topics',
      type: 'array',
      to: 7,
      default: [],
      of: [
        { name: 'name', type: 'string' },
        {
          name: 'partitions',
          type: 'array',
          of: [
            { name: 'partitionIndex', type: 'int32' },
            { name: 'committedOffset', type: 'int64' },
            { name: 'committedLeaderEpoch', type: 'int32', from: 5, default: -1 },
            { name: 'metadata', type: 'string', nullable: 0 },
            { name: 'errorCode', type: 'int16' },
          ],
        },
      ],
    },
    { name: 'errorCode', type: 'int16', from: 2, to: 7, default: 0 },
    {
      name: 'groups',
      type: 'array',
      from: 8,
      default: [],
      of: [
        { name: 'groupId', type: 'string' },
        {
          name: 'topics',
          type: 'array',
          of: [
            { name: 'name', type: 'string' },
            {
              name: 'partitions',
              type: 'array',
              of: [
                { name: 'partitionIndex', type: 'int32' },
                { name: 'committedOffset', type: 'int64' },
                { name: 'committedLeaderEpoch', type: 'int32', default: -1 },
                { name: 'metadata', type: 'string', nullable: 0 },
                { name: 'errorCode', type: 'int16' },
              ],
            },
          ],
        },
        { name: 'errorCode', type: 'int16', default: 0 },
      ],
    },
  ],
} as const

export const offsetDelete = {
  name: 'OffsetDelete',
  key: 47,
  min: 0,
  max: 0,
  flexible: 99,
  request: [
    { name: 'groupId', type: 'string' },
    {
      name: 'topics',
      type: 'array',
      of: [
        { name: 'name', type: 'string' },
        { name: 'partitions', type: 'array', of: [{ name: 'partitionIndex', type: 'int32' }] },
      ],
    },
  ],
  response: [
    { name: 'errorCode', type: 'int16' },
    { name: 'throttleTimeMs', type: 'int32', default: 0 },
    {
      name: 'topics',
      type: 'array',
      of: [
        { name: 'name', type: 'string' },
        {
          name: 'partitions',
          type: 'array',
          of: [
            { name: 'partitionIndex', type: 'int32' },
            { name: 'errorCode', type: 'int16' },
          ],
        },
      ],
    },
  ],
} as const
