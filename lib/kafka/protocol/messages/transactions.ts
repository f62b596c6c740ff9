/** Transactions: what a transactional producer asks its coordinator, and looking at them. */

export const initProducerId = {
  name: 'InitProducerId',
  key: 22,
  min: 0,
  max: 5,
  flexible: 2,
  request: [
    { name: 'transactionalId', type: 'string', nullable: 0 },
    { name: 'transactionTimeoutMs', type: 'int32' },
    { name: 'producerId', type: 'int64', from: 3, default: -1 },
    { name: 'producerEpoch', type: 'int16', from: 3, default: -1 },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', default: 0 },
    { name: 'errorCode', type: 'int16' },
    { name: 'producerId', type: 'int64', default: -1 },
    { name: 'producerEpoch', type: 'int16', default: -1 },
  ],
} as const

/** From version 4 on it is between brokers only. */
export const addPartitionsToTxn = {
  name: 'AddPartitionsToTxn',
  key: 24,
  min: 0,
  max: 3,
  flexible: 3,
  request: [
    { name: 'transactionalId', type: 'string' },
    { name: 'producerId', type: 'int64' },
    { name: 'producerEpoch', type: 'int16' },
    {
      name: 'topics',
      type: 'array',
      of: [
        { name: 'name', type: 'string' },
        { name: 'partitions', type: 'array', of: 'int32' },
      ],
    },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', default: 0 },
    {
      name: 'resultsByTopic',
      type: 'array',
      of: [
        { name: 'name', type: 'string' },
        {
          name: 'resultsByPartition',
          type: 'array',
          of: [
            { name: 'partitionIndex', type: 'int32' },
            { name: 'partitionErrorCode', type: 'int16' },
          ],
        },
      ],
    },
  ],
} as const

export const addOffsetsToTxn = {
  name: 'AddOffsetsToTxn',
  key: 25,
  min: 0,
  max: 4,
  flexible: 3,
  request: [
    { name: 'transactionalId', type: 'string' },
    { name: 'producerId', type: 'int64' },
    { name: 'producerEpoch', type: 'int16' },
    { name: 'groupId', type: 'string' },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', default: 0 },
    { name: 'errorCode', type: 'int16' },
  ],
} as const

export const txnOffsetCommit = {
  name: 'TxnOffsetCommit',
  key: 28,
  min: 0,
  max: 5,
  flexible: 3,
  request: [
    { name: 'transactionalId', type: 'string' },
    { name: 'groupId', type: 'string' },
    { name: 'producerId', type: 'int64' },
    { name: 'producerEpoch', type: 'int16' },
    { name: 'generationId', type: 'int32', from: 3, default: -1 },
    { name: 'memberId', type: 'string', from: 3, default: '' },
    { name: 'groupInstanceId', type: 'string', from: 3, nullable: 3, default: null },
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
            { name: 'committedLeaderEpoch', type: 'int32', from: 2, default: -1 },
            { name: 'committedMetadata', type: 'string', nullable: 0 },
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

export const endTxn = {
  name: 'EndTxn',
  key: 26,
  min: 0,
  max: 5,
  flexible: 3,
  request: [
    { name: 'transactionalId', type: 'string' },
    { name: 'producerId', type: 'int64' },
    { name: 'producerEpoch', type: 'int16' },
    { name: 'committed', type: 'bool' },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', default: 0 },
    { name: 'errorCode', type: 'int16' },
    { name: 'producerId', type: 'int64', from: 5, default: -1 },
    { name: 'producerEpoch', type: 'int16', from: 5, default: -1 },
  ],
} as const

export const describeProducers = {
  name: 'DescribeProducers',
  key: 61,
  min: 0,
  max: 0,
  flexible: 0,
  request: [
    {
      name: 'topics',
      type: 'array',
      of: [
        { name: 'name', type: 'string' },
        { name: 'partitionIndexes', type: 'array', of: 'int32' },
      ],
    },
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
            { name: 'errorCode', type: 'int16' },
            { name: 'errorMessage', type: 'string', nullable: 0, default: null },
            {
              name: 'activeProducers',
              type: 'array',
              of: [
                { name: 'producerId', type: 'int64' },
                { name: 'producerEpoch', type: 'int32' },
                { name: 'lastSequence', type: 'int32', default: -1 },
                { name: 'lastTimestamp', type: 'int64', default: -1 },
                { name: 'coordinatorEpoch', type: 'int32' },
                { name: 'currentTxnStartOffset', type: 'int64', default: -1 },
              ],
            },
          ],
        },
      ],
    },
  ],
} as const

export const describeTransactions = {
  name: 'DescribeTransactions',
  key: 65,
  min: 0,
  max: 0,
  flexible: 0,
  request: [{ name: 'transactionalIds', type: 'array', of: 'string' }],
  response: [
    { name: 'throttleTimeMs', type: 'int32', default: 0 },
    {
      name: 'transactionStates',
      type: 'array',
      of: [
        { name: 'errorCode', type: 'int16' },
        { name: 'transactionalId', type: 'string' },
        { name: 'transactionState', type: 'string' },
        { name: 'transactionTimeoutMs', type: 'int32' },
        { name: 'transactionStartTimeMs', type: 'int64' },
        { name: 'producerId', type: 'int64' },
        { name: 'producerEpoch', type: 'int16' },
        {
          name: 'topics',
          type: 'array',
          of: [
            { name: 'topic', type: 'string' },
            { name: 'partitions', type: 'array', of: 'int32' },
          ],
        },
      ],
    },
  ],
} as const

export const listTransactions = {
  name: 'ListTransactions',
  key: 66,
  min: 0,
  max: 1,
  flexible: 0,
  request: [
    { name: 'stateFilters', type: 'array', of: 'string', default: [] },
    { name: 'producerIdFilters', type: 'array', of: 'int64', default: [] },
    { name: 'durationFilter', type: 'int64', from: 1, default: -1 },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', default: 0 },
    { name: 'errorCode', type: 'int16' },
    { name: 'unknownStateFilters', type: 'array', of: 'string', default: [] },
    {
      name: 'transactionStates',
      type: 'array',
      of: [
        { name: 'transactionalId', type: 'string' },
        { name: 'producerId', type: 'int64' },
        { name: 'transactionState', type: 'string' },
      ],
    },
  ],
} as const
