/** Records: Produce, ListOffsets, OffsetForLeaderEpoch, DeleteRecords. */

export const produce = {
  name: 'Produce',
  key: 0,
  min: 3,
  max: 12,
  flexible: 9,
  request: [
    { name: 'transactionalId', type: 'string', nullable: 3, default: null },
    { name: 'acks', type: 'int16' },
    { name: 'timeoutMs', type: 'int32' },
    {
      name: 'topicData',
      type: 'array',
      of: [
        { name: 'name', type: 'string' },
        {
          name: 'partitionData',
          type: 'array',
          of: [
            { name: 'index', type: 'int32' },
            { name: 'records', type: 'records', nullable: 0 },
          ],
        },
      ],
    },
  ],
  response: [
    {
      name: 'responses',
      type: 'array',
      of: [
        { name: 'name', type: 'string' },
        {
          name: 'partitionResponses',
          type: 'array',
          of: [
            { name: 'index', type: 'int32' },
            { name: 'errorCode', type: 'int16' },
            { name: 'baseOffset', type: 'int64' },
            { name: 'logAppendTimeMs', type: 'int64', default: -1 },
            { name: 'logStartOffset', type: 'int64', from: 5, default: -1 },
            {
              name: 'recordErrors',
              type: 'array',
              from: 8,
              default: [],
              of: [
                { name: 'batchIndex', type: 'int32' },
                { name: 'batchIndexErrorMessage', type: 'string', nullable: 8, default: null },
              ],
            },
            { name: 'errorMessage', type: 'string', from: 8, nullable: 8, default: null },
          ],
        },
      ],
    },
    { name: 'throttleTimeMs', type: 'int32', default: 0 },
  ],
} as const

export const listOffsets = {
  name: 'ListOffsets',
  key: 2,
  min: 1,
  max: 8,
  flexible: 6,
  request: [
    { name: 'replicaId', type: 'int32', default: -1 },
    { name: 'isolationLevel', type: 'int8', from: 2, default: 0 },
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
            { name: 'currentLeaderEpoch', type: 'int32', from: 4, default: -1 },
            { name: 'timestamp', type: 'int64' },
          ],
        },
      ],
    },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', from: 2, default: 0 },
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
            { name: 'timestamp', type: 'int64', default: -1 },
            { name: 'offset', type: 'int64', default: -1 },
            { name: 'leaderEpoch', type: 'int32', from: 4, default: -1 },
          ],
        },
      ],
    },
  ],
} as const

export const offsetForLeaderEpoch = {
  name: 'OffsetForLeaderEpoch',
  key: 23,
  min: 2,
  max: 4,
  flexible: 4,
  request: [
    { name: 'replicaId', type: 'int32', from: 3, default: -2 },
    {
      name: 'topics',
      type: 'array',
      of: [
        { name: 'topic', type: 'string' },
        {
          name: 'partitions',
          type: 'array',
          of: [
            { name: 'partition', type: 'int32' },
            { name: 'currentLeaderEpoch', type: 'int32', default: -1 },
            { name: 'leaderEpoch', type: 'int32' },
          ],
        },
      ],
    },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', default: 0 },
    {
      name: 'topics',
      type: 'array',
      of: [
        { name: 'topic', type: 'string' },
        {
          name: 'partitions',
          type: 'array',
          of: [
            { name: 'errorCode', type: 'int16' },
            { name: 'partition', type: 'int32' },
            { name: 'leaderEpoch', type: 'int32', default: -1 },
            { name: 'endOffset', type: 'int64', default: -1 },
          ],
        },
      ],
    },
  ],
} as const

export const deleteRecords = {
  name: 'DeleteRecords',
  key: 21,
  min: 0,
  max: 2,
  flexible: 2,
  request: [
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
            { name: 'offset', type: 'int64' },
          ],
        },
      ],
    },
    { name: 'timeoutMs', type: 'int32' },
  ],
  response: [
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
            { name: 'lowWatermark', type: 'int64' },
            { name: 'errorCode', type: 'int16' },
          ],
        },
      ],
    },
  ],
} as const
