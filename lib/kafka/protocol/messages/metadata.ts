/** Cluster: ApiVersions, Metadata, FindCoordinator, DescribeCluster. */

export const apiVersions = {
  name: 'ApiVersions',
  key: 18,
  min: 0,
  max: 4,
  flexible: 3,
  request: [
    { name: 'clientSoftwareName', type: 'string', from: 3, default: '' },
    { name: 'clientSoftwareVersion', type: 'string', from: 3, default: '' },
  ],
  response: [
    { name: 'errorCode', type: 'int16' },
    {
      name: 'apiKeys',
      type: 'array',
      of: [
        { name: 'apiKey', type: 'int16' },
        { name: 'minVersion', type: 'int16' },
        { name: 'maxVersion', type: 'int16' },
      ],
    },
    { name: 'throttleTimeMs', type: 'int32', from: 1, default: 0 },
    {
      name: 'supportedFeatures',
      type: 'array',
      from: 3,
      tag: 0,
      default: [],
      of: [
        { name: 'name', type: 'string' },
        { name: 'minVersion', type: 'int16' },
        { name: 'maxVersion', type: 'int16' },
      ],
    },
    { name: 'finalizedFeaturesEpoch', type: 'int64', from: 3, tag: 1, default: -1 },
    {
      name: 'finalizedFeatures',
      type: 'array',
      from: 3,
      tag: 2,
      default: [],
      of: [
        { name: 'name', type: 'string' },
        { name: 'maxVersionLevel', type: 'int16' },
        { name: 'minVersionLevel', type: 'int16' },
      ],
    },
    { name: 'zkMigrationReady', type: 'bool', from: 3, tag: 3, default: false },
  ],
} as const

export const metadata = {
  name: 'Metadata',
  key: 3,
  min: 1,
  max: 12,
  flexible: 9,
  request: [
    {
      name: 'topics',
      type: 'array',
      nullable: 1,
      of: [
        { name: 'topicId', type: 'uuid', from: 10, default: '00000000000000000000000000000000' },
        { name: 'name', type: 'string', nullable: 10 },
      ],
    },
    { name: 'allowAutoTopicCreation', type: 'bool', from: 4, default: false },
    {
      name: 'includeClusterAuthorizedOperations',
      type: 'bool',
      from: 8,
      to: 10,
      default: false,
    },
    { name: 'includeTopicAuthorizedOperations', type: 'bool', from: 8, default: false },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', from: 3, default: 0 },
    {
      name: 'brokers',
      type: 'array',
      of: [
        { name: 'nodeId', type: 'int32' },
        { name: 'host', type: 'string' },
        { name: 'port', type: 'int32' },
        { name: 'rack', type: 'string', nullable: 1, default: null },
      ],
    },
    { name: 'clusterId', type: 'string', from: 2, nullable: 2, default: null },
    { name: 'controllerId', type: 'int32', default: -1 },
    {
      name: 'topics',
      type: 'array',
      of: [
        { name: 'errorCode', type: 'int16' },
        { name: 'name', type: 'string', nullable: 12 },
        { name: 'topicId', type: 'uuid', from: 10, default: '00000000000000000000000000000000' },
        { name: 'isInternal', type: 'bool', default: false },
        {
          name: 'partitions',
          type: 'array',
          of: [
            { name: 'errorCode', type: 'int16' },
            { name: 'partitionIndex', type: 'int32' },
            { name: 'leaderId', type: 'int32' },
            { name: 'leaderEpoch', type: 'int32', from: 7, default: -1 },
            { name: 'replicaNodes', type: 'array', of: 'int32' },
            { name: 'isrNodes', type: 'array', of: 'int32' },
            { name: 'offlineReplicas', type: 'array', of: 'int32', from: 5, default: [] },
          ],
        },
        { name: 'topicAuthorizedOperations', type: 'int32', from: 8, default: -2147483648 },
      ],
    },
    { name: 'clusterAuthorizedOperations', type: 'int32', from: 8, to: 10, default: -2147483648 },
  ],
} as const

export const findCoordinator = {
  name: 'FindCoordinator',
  key: 10,
  min: 0,
  max: 4,
  flexible: 3,
  request: [
    { name: 'key', type: 'string', to: 3, default: '' },
    { name: 'keyType', type: 'int8', from: 1, default: 0 },
    { name: 'coordinatorKeys', type: 'array', of: 'string', from: 4, default: [] },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', from: 1, default: 0 },
    { name: 'errorCode', type: 'int16', to: 3, default: 0 },
    { name: 'errorMessage', type: 'string', from: 1, to: 3, nullable: 1, default: null },
    { name: 'nodeId', type: 'int32', to: 3, default: -1 },
    { name: 'host', type: 'string', to: 3, default: '' },
    { name: 'port', type: 'int32', to: 3, default: -1 },
    {
      name: 'coordinators',
      type: 'array',
      from: 4,
      default: [],
      of: [
        { name: 'key', type: 'string' },
        { name: 'nodeId', type: 'int32' },
        { name: 'host', type: 'string' },
        { name: 'port', type: 'int32' },
        { name: 'errorCode', type: 'int16' },
        { name: 'errorMessage', type: 'string', nullable: 4, default: null },
      ],
    },
  ],
} as const

export const describeCluster = {
  name: 'DescribeCluster',
  key: 60,
  min: 0,
  max: 1,
  flexible: 0,
  request: [
    { name: 'includeClusterAuthorizedOperations', type: 'bool', default: false },
    { name: 'endpointType', type: 'int8', from: 1, default: 1 },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', default: 0 },
    { name: 'errorCode', type: 'int16' },
    { name: 'errorMessage', type: 'string', nullable: 0, default: null },
    { name: 'endpointType', type: 'int8', from: 1, default: 1 },
    { name: 'clusterId', type: 'string' },
    { name: 'controllerId', type: 'int32', default: -1 },
    {
      name: 'brokers',
      type: 'array',
      of: [
        { name: 'brokerId', type: 'int32' },
        { name: 'host', type: 'string' },
        { name: 'port', type: 'int32' },
        { name: 'rack', type: 'string', nullable: 0, default: null },
      ],
    },
    { name: 'clusterAuthorizedOperations', type: 'int32', default: -2147483648 },
  ],
} as const
