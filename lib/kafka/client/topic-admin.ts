/** Making, deleting and describing topics: the part of Admin that goes to the controller. */
import { createTopics, deleteTopics, describeConfigs } from '../protocol/apis.ts'
import type { ClusterClient } from './cluster-client.ts'
import { failureOf, isTransientError, unreachable } from './failures.ts'
import { isTransient, reactionTo } from './reactions.ts'

export interface NewTopic {
  readonly name: string
  readonly partitions: number
  /** -1: the broker's default. */
  readonly replicationFactor: number
  readonly configs?: Readonly<Record<string, string>>
}

export interface TopicConfig {
  readonly value: string | null
  /** Set for the topic itself, not inherited from the broker. */
  readonly own: boolean
}

const TOPIC_RESOURCE = 2
/** DYNAMIC_TOPIC_CONFIG. */
const OWN_SOURCE = 1
/** From version 6 on topics are deleted by id as well, in another field. */
const BY_NAMES = 5
/** It takes -1 as replication factor. */
const DEFAULT_REPLICATION = 4
const FIRST_WAIT_MS = 20

export class TopicAdmin {
  readonly #client: ClusterClient
  readonly #patienceMs: number

  constructor(client: ClusterClient, patienceMs: number) {
    this.#client = client
    this.#patienceMs = patienceMs
  }

  async create(topics: readonly NewTopic[]): Promise<ReadonlyMap<string, 'created' | 'existed'>> {
    const outcomes = new Map<string, 'created' | 'existed'>()
    await this.#repeat('topics were not created', async () => {
      const open = topics.filter(({ name }) => !outcomes.has(name))
      for (const { name, code, message } of await this.#createOnce(open)) {
        const reaction = reactionTo(code)
        if (reaction === 'none') outcomes.set(name, 'created')
        else if (reaction === 'exists') outcomes.set(name, 'existed')
        else if (!isTransient(reaction)) throw failureOf(code, `creating topic ${name}`, message)
      }
      return outcomes.size === topics.length
    })
    await this.#repeat('topics have no leaders yet', () => this.#haveLeaders(topics))
    return outcomes
  }

  async delete(names: readonly string[]): Promise<void> {
    for (const name of names) this.#client.forgetTopic(name)
    await this.#repeat('topics were not deleted', async () => {
      const { topics } = await this.#client.metadata(names)
      const open = names.filter((name) => topics.has(name))
      if (open.length === 0) return true
      const request = { topicNames: open, timeoutMs: this.#client.requestTimeoutMs }
      const options = { maxVersion: BY_NAMES, patienceMs: this.#patienceMs }
      const answer = await this.#client.call(deleteTopics, 'controller', 'admin', request, options)
      for (const { name, errorCode, errorMessage } of answer.responses) {
        const reaction = reactionTo(errorCode)
        if (reaction !== 'none' && !isTransient(reaction))
          throw failureOf(errorCode, `deleting topic ${name}`, errorMessage)
      }
      return false
    })
    for (const name of names) this.#client.forgetTopic(name)
  }

  /** Undefined for a topic whose settings we may not read. */
  async configs(
    topics: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, TopicConfig> | undefined>> {
    const configs = new Map<string, ReadonlyMap<string, TopicConfig> | undefined>()
    await this.#repeat('the settings of topics were not told', async () => {
      const open = topics.filter((name) => !configs.has(name))
      const resources = open.map((resourceName) => ({
        resourceType: TOPIC_RESOURCE,
        resourceName,
      }))
      const request = { resources }
      const answer = await this.#client.call(describeConfigs, 'any', 'admin', request, {
        minVersion: 1,
        patienceMs: this.#patienceMs,
      })
      for (const { errorCode, errorMessage, resourceName, configs: told } of answer.results) {
        const reaction = reactionTo(errorCode)
        if (isTransient(reaction)) continue
        if (reaction === 'denied') configs.set(resourceName, undefined)
        else if (reaction !== 'none')
          throw failureOf(errorCode, `the settings of topic ${resourceName}`, errorMessage)
        else
          configs.set(
            resourceName,
            new Map(
              told.map(({ name, value, configSource }) => [
                name,
                { value, own: configSource === OWN_SOURCE },
              ]),
            ),
          )
      }
      return configs.size === topics.length
    })
    return configs
  }

  async #createOnce(
    topics: readonly NewTopic[],
  ): Promise<{ readonly name: string; readonly code: number; readonly message: string | null }[]> {
    const request = {
      topics: topics.map((topic) => ({
        name: topic.name,
        numPartitions: topic.partitions,
        replicationFactor: topic.replicationFactor,
        configs: Object.entries(topic.configs ?? {}).map(([name, value]) => ({ name, value })),
      })),
      timeoutMs: this.#client.requestTimeoutMs,
    }
    const answer = await this.#client.call(createTopics, 'controller', 'admin', request, {
      minVersion: DEFAULT_REPLICATION,
      patienceMs: this.#patienceMs,
    })
    return answer.topics.map(({ name, errorCode, errorMessage }) => {
      return { name, code: errorCode, message: errorMessage }
    })
  }

  async #haveLeaders(topics: readonly NewTopic[]): Promise<boolean> {
    const read = await this.#client.metadata(topics.map(({ name }) => name))
    return topics.every(({ name }) => {
      const partitions = read.topics.get(name)?.partitions ?? []
      return partitions.length > 0 && partitions.every(({ leader }) => leader >= 0)
    })
  }

  /** Until `step` says that it is done; RetriableError when time is up. */
  async #repeat(what: string, step: () => Promise<boolean>): Promise<void> {
    const client = this.#client
    const backoff = client.backoff(FIRST_WAIT_MS)
    const until = client.clock.monotonic() + this.#patienceMs
    let last: unknown
    for (;;) {
      try {
        if (await step()) return
      } catch (reason) {
        if (!isTransientError(reason)) throw reason
        last = reason
      }
      if (client.closing.aborted || client.clock.monotonic() >= until)
        throw unreachable(`${what} within ${this.#patienceMs} ms`, last)
      await backoff.wait(client.closing)
      await client.refresh([])
    }
  }
}
