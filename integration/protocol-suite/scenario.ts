/**
 * What a scenario is: requests to a cluster, what was seen, and what is to be seen. The same ones run
 * against the embedded broker and against a real Kafka, so that equal answers are what passing means.
 */
import type { RawKafka } from './raw-kafka.ts'

export type Observed = Readonly<Record<string, unknown>>

export interface Scenario {
  readonly name: string
  readonly run: (kafka: RawKafka) => Promise<Observed>
  readonly expected: Observed
}

export function scenario(
  name: string,
  expected: Observed,
  run: (kafka: RawKafka) => Promise<Observed>,
): Scenario {
  return { name, expected, run }
}
