/** Fetch: from version 13 on topics are named by their ids. */

export const fetch = {
  name: 'Fetch',
  key: 1,
  min: 4,
  max: 13,
  flexible: 12,
  request: [
    { name: 'replicaId', type: 'int32', default: -1 },
    { name: 'maxWaitMs', type: 'int32' },
    { name: 'minBytes', type: 'int32' },
    { name: 'maxBytes', type: 'int32', default: 0x7fffffff },
    { name: 'isolationLevel', type: 'int8', default: 0 },
    { name: 'sessionId', type: 'int32', from: 7, default: 0 },
    { name: 'sessionEpoch', type: 'int32', from: 7, default: -1 },
    {
      name: 'topics',
      type: 'array',
      of: [
        { name: 'topic', type: 'string', to: 12, default: '' },
        { name: 'topicId', type: 'uuid', from: 13, default: '00000000000000000000000000000000' },
        {
          name: 'partitions',
          type: 'array',
          of: [
            { name: 'partition', type: 'int32' },
            { name: 'currentLeaderEpoch', type: 'int32', from: 9, default: -1 },
            { name: 'fetchOffset', type: 'int64' },
            { name: 'lastFetchedEpoch', type: 'int32', from: 12, default: -1 },
            { name: 'logStartOffset', type: 'int64', from: 5, default: -1 },
            { name: 'partitionMaxBytes', type: 'int32' },
          ],
        },
      ],
    },
    {
      name: 'forgottenTopicsData',
      type: 'array',
      from: 7,
      default: [],
      of: [
        { name: 'topic', type: 'string', to: 12, default: '' },
        { name: 'topicId', type: 'uuid', from: 13, default: '00000000000000000000000000000000' },
        { name: 'partitions', type: 'array', of: 'int32' },
      ],
    },
    { name: 'rackId', type: 'string', from: 11, default: '' },
    { name: 'clusterId', type: 'string', from: 12, nullable: 12, tag: 0, default: null },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', default: 0 },
    { name: 'errorCode', type: 'int16', from: 7, default: 0 },
    { name: 'sessionId', type: 'int32', from: 7, default: 0 },
    {
      name: 'responses',
      type: 'array',
      of: [
        { name: 'topic', type: 'string', to: 12, default: '' },
        { name: 'topicId', type: 'uuid', from: 13, default: '00000000000000000000000000000000' },
        {
          name: 'partitions',
          type: 'array',
          of: [
            { name: 'partitionIndex', type: 'int32' },
            { name: 'errorCode', type: 'int16' },
            { name: 'highWatermark', type: 'int64' },
            { name: 'lastStableOffset', type: 'int64', default: -1 },
            { name: 'logStartOffset', type: 'int64', from: 5, default: -1 },
            {
              name: 'abortedTransactions',
              type: 'array',
              nullable: 4,
              default: null,
              of: [
                { name: 'producerId', type: 'int64' },
                { name: 'firstOffset', type: 'int64' },
              ],
            },
            { name: 'preferredReadReplica', type: 'int32', from: 11, default: -1 },
            { name: 'records', type: 'records', nullable: 0 },
            {
              name: 'divergingEpoch',
              type: 'struct',
              from: 12,
              tag: 0,
              default: null,
              of: [
                { name: 'epoch', type: 'int32', default: -1 },
                { name: 'endOffset', type: 'int64', default: -1 },
              ],
            },
            {
              name: 'currentLeader',
              type: 'struct',
              from: 12,
              tag: 1,
              default: null,
              of: [
                { name: 'leaderId', type: 'int32', default: -1 },
                { name: 'leaderEpoch', type: 'int32', default: -1 },
              ],
            },
          ],
        },
      ],
    },
  ],
} as const
