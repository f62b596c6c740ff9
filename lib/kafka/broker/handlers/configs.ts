/** Reading and changing the settings of topics; brokers have none that could be changed. */
import { alterConfigs, describeConfigs, incrementalAlterConfigs } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { BrokerState } from '../broker-state.ts'
import type { Topic } from '../topics/topic.ts'
import type { SettingType } from '../topics/topic-config.ts'
import { isListSetting, settingProblem, TopicConfig } from '../topics/topic-config.ts'
import type { Handler } from './handler.ts'
import { handler } from './handler.ts'

const TOPIC = 2
const BROKER = 4
const TOPIC_SOURCE = 1
const DEFAULT_SOURCE = 5

const SET = 0
const DELETE = 1
const APPEND = 2
const SUBTRACT = 3

const TYPE_NUMBERS: Readonly<Record<SettingType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  long: 5,
  double: 6,
  list: 7,
}

interface Resource {
  readonly resourceType: number
  readonly resourceName: string
}

export const describeConfigsHandler: Handler = handler(describeConfigs, ({ state, request }) => ({
  results: request.resources.map(({ resourceType, resourceName, configurationKeys }) => {
    const found = findTopic(state, { resourceType, resourceName })
    const brokers = resourceType === BROKER
    const keys = configurationKeys?.length === 0 ? null : configurationKeys
    const settings = typeof found === 'number' ? [] : found.config.all()
    return {
      errorCode: typeof found === 'number' && !brokers ? found : ErrorCode.NONE,
      resourceType,
      resourceName,
      configs: settings
        .filter(({ name }) => keys === null || keys.includes(name))
        .map(({ name, value, type, isDefault }) => ({
          name,
          value,
          isDefault,
          configSource: isDefault ? DEFAULT_SOURCE : TOPIC_SOURCE,
          configType: TYPE_NUMBERS[type],
        })),
    }
  }),
}))

export const alterConfigsHandler: Handler = handler(alterConfigs, ({ state, request }) => ({
  responses: request.resources.map(({ configs, ...resource }) =>
    alter(state, resource, request.validateOnly, (config) => {
      for (const name of config.given.keys()) config.set(name, null)
      for (const { name, value } of configs) config.set(name, value)
    }),
  ),
}))

export const incrementalAlterConfigsHandler: Handler = handler(
  incrementalAlterConfigs,
  ({ state, request }) => ({
    responses: request.resources.map(({ configs, ...resource }) =>
      alter(state, resource, request.validateOnly, (config) => {
        for (const { name, configOperation, value } of configs)
          change(config, name, configOperation, value)
      }),
    ),
  }),
)

function change(config: TopicConfig, name: string, operation: number, value: string | null): void {
  const words = config
    .get(name)
    .split(',')
    .filter((word) => word !== '')
  const given = (value ?? '').split(',')
  if (operation === SET || operation === DELETE) config.set(name, operation === SET ? value : null)
  else if (operation === APPEND && isListSetting(name))
    config.set(name, [...new Set([...words, ...given])].join(','))
  else if (operation === SUBTRACT && isListSetting(name))
    config.set(name, words.filter((word) => !given.includes(word)).join(','))
}

/** Changes a copy first, so that a refusal leaves nothing. */
function alter(
  state: BrokerState,
  { resourceType, resourceName }: Resource,
  validateOnly: boolean,
  apply: (config: TopicConfig) => void,
) {
  const answer = (errorCode: number, errorMessage: string | null = null) => ({
    errorCode,
    errorMessage,
    resourceType,
    resourceName,
  })
  const topic = findTopic(state, { resourceType, resourceName })
  if (typeof topic === 'number') return answer(topic)
  const copy = new TopicConfig(topic.config.given)
  apply(copy)
  for (const [name, value] of copy.given) {
    const problem = settingProblem(name, value)
    if (problem !== undefined) return answer(ErrorCode.INVALID_CONFIG, problem)
  }
  if (validateOnly) return answer(ErrorCode.NONE)
  apply(topic.config)
  state.topics.keep(topic)
  // What the new settings ask for is due at the next use.
  for (const partition of topic.partitions) partition.maintainAtMs = 0
  return answer(ErrorCode.NONE)
}

function findTopic(state: BrokerState, { resourceType, resourceName }: Resource): Topic | number {
  if (resourceType !== TOPIC) return ErrorCode.INVALID_REQUEST
  return state.topics.get(resourceName) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
}
