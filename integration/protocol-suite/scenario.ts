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
  /** Runs while no other does. */
  readonly alone?: boolean
}

export function scenario(
  name: string,
  expected: Observed,
  run: (kafka: RawKafka) => Promise<Observed>,
): Scenario {
  return { name, expected, run }
}

/**
 * The same, for what a broker answers otherwise when others ask at that moment: Kafka asks the
 * transaction coordinator for several producers at once, and then gives all of them the code that suits
 * the version of the first.
 */
export function aloneScenario(
  name: string,
  expected: Observed,
  run: (kafka: RawKafka) => Promise<Observed>,
): Scenario {
  return { name, expected, run, alone: true }
}
