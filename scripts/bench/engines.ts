/** The engines: how each is started, what it is called, and what it can do. */
import { join } from 'node:path'
import type { EngineName, Load } from './job.ts'

export interface Engine {
  readonly name: EngineName
  readonly title: string
  readonly command: readonly string[]
  readonly has: (load: Load) => boolean
}

const BY_HAND = ['w1-bytes', 'w1-json', 'pass', 'count', 'w3', 'w4-tumble', 'w4-hop']

export function enginesFor(classpath: string): readonly Engine[] {
  const here = import.meta.dirname
  return [
    {
      name: 'ks',
      title: 'Kafka Streams',
      command: ['java', '-Xmx2g', '-cp', classpath, 'bench.KafkaStreamsRunner'],
      has: () => true,
    },
    {
      name: 'kafkajs',
      title: 'kafkajs',
      command: [process.execPath, join(here, 'kafkajs.mjs')],
      has: ({ workload, guarantee }) => guarantee === 'alo' && BY_HAND.includes(workload),
    },
    {
      name: 'millrace',
      title: 'millrace',
      command: ['sh', join(here, 'millrace.sh')],
      has: () => true,
    },
  ]
}

/** Kafka Streams does not leave its group when it stops, and the next start waits for its session. */
export function envOf(load: Load, engine: EngineName): Record<string, string> {
  return load.measure === 'restore' && engine === 'ks' ? { KS_SESSION_TIMEOUT_MS: '6000' } : {}
}
