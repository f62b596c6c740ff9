/** Topics and their settings. */

export const createTopics = {
  name: 'CreateTopics',
  key: 19,
  min: 0,
  max: 7,
  flexible: 5,
  request: [
    {
      name: 'topics',
      type: 'array',
      of: [
        { name: 'name', type: 'string' },
        { name: 'numPartitions', type: 'int32' },
        { name: 'replicationFactor', type: 'int16' },
        {
          name: 'assignments',
          type: 'array',
          default: [],
          of: [
            { name: 'partitionIndex', type: 'int32' },
            { name: 'brokerIds', type: 'array', of: 'int32' },
          ],
        },
        {
          name: 'configs',
          type: 'array',
          default: [],
          of: [
            { name: 'name', type: 'string' },
            { name: 'value', type: 'string', nullable: 0 },
          ],
        },
      ],
    },
    { name: 'timeoutMs', type: 'int32' },
    { name: 'validateOnly', type: 'bool', from: 1, default: false },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', from: 2, default: 0 },
    {
      name: 'topics',
      type: 'array',
      of: [
        { name: 'name', type: 'string' },
        { name: 'topicId', type: 'uuid', from: 7, default: '00000000000000000000000000000000' },
        { name: 'errorCode', type: 'int16' },
        { name: 'errorMessage', type: 'string', from: 1, nullable: 0, default: null },
        { name: 'topicConfigErrorCode', type: 'int16', from: 5, tag: 0, default: 0 },
        { name: 'numPartitions', type: 'int32', from: 5, default: -1 },
        { name: 'replicationFactor', type: 'int16', from: 5, default: -1 },
        {
          name: 'configs',
          type: 'array',
          from: 5,
          nullable: 5,
          default: null,
          of: [
            { name: 'name', type: 'string' },
            { name: 'value', type: 'string', nullable: 5 },
            { name: 'readOnly', type: 'bool' },
            { name: 'configSource', type: 'int8', default: -1 },
            { name: 'isSensitive', type: 'bool' },
          ],
        },
      ],
    },
  ],
} as const

export const deleteTopics = {
  name: 'DeleteTopics',
  key: 20,
  min: 0,
  max: 6,
  flexible: 4,
  request: [
    {
      name: 'topics',
      type: 'array',
      from: 6,
      default: [],
      of: [
        { name: 'name', type: 'string', nullable: 6 },
        { name: 'topicId', type: 'uuid', default: '00000000000000000000000000000000' },
      ],
    },
    { name: 'topicNames', type: 'array', of: 'string', to: 5, default: [] },
    { name: 'timeoutMs', type: 'int32' },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', from: 1, default: 0 },
    {
      name: 'responses',
      type: 'array',
      of: [
        { name: 'name', type: 'string', nullable: 6 },
        { name: 'topicId', type: 'uuid', from: 6, default: '00000000000000000000000000000000' },
        { name: 'errorCode', type: 'int16' },
        { name: 'errorMessage', type: 'string', from: 5, nullable: 5, default: null },
      ],
    },
  ],
} as const

export const createPartitions = {
  name: 'CreatePartitions',
  key: 37,
  min: 0,
  max: 3,
  flexible: 2,
  request: [
    {
      name: 'topics',
      type: 'array',
      of: [
        { name: 'name', type: 'string' },
        { name: 'count', type: 'int32' },
        {
          name: 'assignments',
          type: 'array',
          nullable: 0,
          default: null,
          of: [{ name: 'brokerIds', type: 'array', of: 'int32' }],
        },
      ],
    },
    { name: 'timeoutMs', type: 'int32' },
    { name: 'validateOnly', type: 'bool', default: false },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', default: 0 },
    {
      name: 'results',
      type: 'array',
      of: [
        { name: 'name', type: 'string' },
        { name: 'errorCode', type: 'int16' },
        { name: 'errorMessage', type: 'string', nullable: 0, default: null },
      ],
    },
  ],
} as const

export const describeConfigs = {
  name: 'DescribeConfigs',
  key: 32,
  min: 0,
  max: 4,
  flexible: 4,
  request: [
    {
      name: 'resources',
      type: 'array',
      of: [
        { name: 'resourceType', type: 'int8' },
        { name: 'resourceName', type: 'string' },
        { name: 'configurationKeys', type: 'array', of: 'string', nullable: 0, default: null },
      ],
    },
    { name: 'includeSynonyms', type: 'bool', from: 1, default: false },
    { name: 'includeDocumentation', type: 'bool', from: 3, default: false },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', default: 0 },
    {
      name: 'results',
      type: 'array',
      of: [
        { name: 'errorCode', type: 'int16' },
        { name: 'errorMessage', type: 'string', nullable: 0, default: null },
        { name: 'resourceType', type: 'int8' },
        { name: 'resourceName', type: 'string' },
        {
          name: 'configs',
          type: 'array',
          of: [
            { name: 'name', type: 'string' },
            { name: 'value', type: 'string', nullable: 0 },
            { name: 'readOnly', type: 'bool', default: false },
            { name: 'isDefault', type: 'bool', to: 0, default: false },
            { name: 'configSource', type: 'int8', from: 1, default: -1 },
            { name: 'isSensitive', type: 'bool', default: false },
            {
              name: 'synonyms',
              type: 'array',
              from: 1,
              default: [],
              of: [
                { name: 'name', type: 'string' },
                { name: 'value', type: 'string', nullable: 1 },
                { name: 'source', type: 'int8' },
              ],
            },
            { name: 'configType', type: 'int8', from: 3, default: 0 },
            { name: 'documentation', type: 'string', from: 3, nullable: 3, default: null },
          ],
        },
      ],
    },
  ],
} as const

export const alterConfigs = {
  name: 'AlterConfigs',
  key: 33,
  min: 0,
  max: 2,
  flexible: 2,
  request: [
    {
      name: 'resources',
      type: 'array',
      of: [
        { name: 'resourceType', type: 'int8' },
        { name: 'resourceName', type: 'string' },
        {
          name: 'configs',
          type: 'array',
          of: [
            { name: 'name', type: 'string' },
            { name: 'value', type: 'string', nullable: 0 },
          ],
        },
      ],
    },
    { name: 'validateOnly', type: 'bool', default: false },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', default: 0 },
    {
      name: 'responses',
      type: 'array',
      of: [
        { name: 'errorCode', type: 'int16' },
        { name: 'errorMessage', type: 'string', nullable: 0, default: null },
        { name: 'resourceType', type: 'int8' },
        { name: 'resourceName', type: 'string' },
      ],
    },
  ],
} as const

export const incrementalAlterConfigs = {
  name: 'IncrementalAlterConfigs',
  key: 44,
  min: 0,
  max: 1,
  flexible: 1,
  request: [
    {
      name: 'resources',
      type: 'array',
      of: [
        { name: 'resourceType', type: 'int8' },
        { name: 'resourceName', type: 'string' },
        {
          name: 'configs',
          type: 'array',
          of: [
            { name: 'name', type: 'string' },
            { name: 'configOperation', type: 'int8' },
            { name: 'value', type: 'string', nullable: 0 },
          ],
        },
      ],
    },
    { name: 'validateOnly', type: 'bool', default: false },
  ],
  response: [
    { name: 'throttleTimeMs', type: 'int32', default: 0 },
    {
      name: 'responses',
      type: 'array',
      of: [
        { name: 'errorCode', type: 'int16' },
        { name: 'errorMessage', type: 'string', nullable: 0, default: null },
        { name: 'resourceType', type: 'int8' },
        { name: 'resourceName', type: 'string' },
      ],
    },
  ],
} as const
