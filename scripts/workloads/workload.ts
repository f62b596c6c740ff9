/**
 * A workload: a topology, seeded input for it, and an oracle that folds the same input and says what
 * is wrong with an output. The simulator and the tests on a real Kafka use the same ones.
 *
 * The oracle must not depend on how partitions interleave, for kills and rebalances change that: so
 * each topology keys its stream by the key it came with, and joins look far enough.
 */
import type { Guarantee, Topology } from 'millrace'

export interface InputRecord {
  readonly topic: string
  readonly key: string
  readonly value: string
  readonly timestamp: number
}

/** A committed record of an output topic, in the order of its partition. */
export interface OutputRecord {
  readonly partition: number
  readonly key: Buffer
  readonly value: Buffer | null
  readonly timestamp: number
}

export interface Workload {
  readonly name: string
  /** `prefix` goes before the names of its topics: a cluster that lives on has those of other runs. */
  readonly topology: (prefix?: string) => Topology
  readonly inputTopics: readonly string[]
  readonly outputTopic: string
  /** `pick(n)` is a whole number below n. In the order in which they are written. */
  readonly input: (pick: (below: number) => number, count: number) => readonly InputRecord[]
  /**
   * What is wrong, in words; empty when all is well. `partitionOf` places keys as Kafka does.
   * Exactly-once unless said otherwise.
   */
  readonly check: (
    input: readonly InputRecord[],
    output: readonly OutputRecord[],
    partitionOf: (key: string) => number,
    guarantee?: Guarantee,
  ) => readonly string[]
}

/** The first differences between what must be there, as often as is guaranteed, and what is. */
export function compareAsSets(
  expected: readonly string[],
  found: readonly string[],
  guarantee: Guarantee = 'exactly-once',
): string[] {
  const missing = new Map<string, number>()
  for (const item of expected) missing.set(item, (missing.get(item) ?? 0) + 1)
  const wrong: string[] = []
  for (const item of found) {
    const left = missing.get(item) ?? 0
    const mayRepeat = guarantee === 'at-least-once' && missing.has(item)
    if (left === 0 && mayRepeat) continue
    if (left === 0) wrong.push(`doubled or foreign: ${item}`)
    else missing.set(item, left - 1)
  }
  if (guarantee !== 'at-most-once')
    for (const [item, left] of missing) if (left > 0) wrong.push(`lost: ${item}`)
  return wrong.slice(0, 10)
}
