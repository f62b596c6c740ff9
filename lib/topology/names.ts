/**
 * Names of nodes, stores and internal topics: which are allowed, and how internal topics are called.
 * All of them end up in topic names, offset metadata or metrics, so all obey Kafka's topic rules.
 */
import { ConfigError } from '../core/errors.ts'

/** Kafka's limit, and that of a file name less the suffix of a partition. */
const MAX_LENGTH = 249
const ALLOWED = /^[\w.-]+$/

/** Refuses a name that could not be part of a topic's. `what` says whose it is: `store`, `node`. */
export function checkName(what: string, name: string): string {
  if (ALLOWED.test(name) && name !== '.' && name !== '..' && name.length <= MAX_LENGTH) return name
  throw new ConfigError(
    'INVALID_NAME',
    `${what} name ${JSON.stringify(name)} is not allowed: use 1 to ${MAX_LENGTH} of the characters A-Z a-z 0-9 . _ - (not '.' or '..' alone)`,
  )
}

/** The changelog of a store, without the application's prefix. */
export function changelogTopic(store: string): string {
  return checkInternal(`${store}-changelog`, `store ${store}`)
}

/** A repartition topic, without the application's prefix. */
export function repartitionTopic(name: string): string {
  return checkInternal(`${name}-repartition`, `repartition ${name}`)
}

/** The whole name of an internal topic. Throws a ConfigError when it is too long for Kafka. */
export function internalTopic(applicationId: string, topic: string): string {
  return checkInternal(`${applicationId}-${topic}`, `application ${applicationId}`)
}

function checkInternal(topic: string, origin: string): string {
  if (topic.length <= MAX_LENGTH) return topic
  throw new ConfigError(
    'INVALID_NAME',
    `the internal topic '${topic}' of ${origin} has ${topic.length} characters, Kafka allows ${MAX_LENGTH}: choose a shorter name`,
  )
}
