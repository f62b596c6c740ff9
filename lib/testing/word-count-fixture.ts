/**
 * For tests of whole applications: a program that counts words over a repartition topic, and what
 * its output must be, each count once and in order.
 */
import { serdes } from '../core/serde.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import type { Topology } from '../topology/topology.ts'
import type { World } from './world.ts'

interface Line {
  readonly key: string
  readonly value: string
  readonly partition: number
}

/** By word, in the order of words. */
type Counts = Readonly<Record<string, readonly number[]>>

/** From `lines` to `counted`; its store is `counts`. */
export function wordCount(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('lines', { key: serdes.string, value: serdes.string })
    .flatMapValues((line) => line.split(' '), { value: serdes.string })
    .groupBy((word) => word, { key: serdes.string })
    .count({ store: 'counts' })
    .toStream()
    .to('counted')
  return builder.build()
}

/** Lines of two words each, over both partitions. */
export function lines(n: number, from = 0): Line[] {
  return Array.from({ length: n }, (_, at) => ({
    key: `k${at}`,
    value: `w${(from + at) % 5} w${(from + at) % 3}`,
    partition: at % 2,
  }))
}

/** What the counts of these lines must be. */
export function expected(records: readonly Line[]): Counts {
  const totals = new Map<string, number>()
  for (const { value } of records)
    for (const word of value.split(' ')) totals.set(word, (totals.get(word) ?? 0) + 1)
  return inOrder(
    [...totals].map(([word, total]) => [word, Array.from({ length: total }, (_, at) => at + 1)]),
  )
}

/** What readers of committed records see in `counted`. */
export async function counts(world: World): Promise<Counts> {
  const found = new Map<string, number[]>()
  for (const { key, value } of await world.read('counted'))
    found.set(key, [...(found.get(key) ?? []), Number(value?.readBigInt64BE(0))])
  return inOrder([...found])
}

/** Waits until these lines are counted, and a while for what should not come. */
export async function counted(world: World, records: readonly Line[]): Promise<Counts> {
  const wanted = totalOf(expected(records))
  await world.when(async () => totalOf(await counts(world)) >= wanted, 'every count')
  await world.pass(2000)
  return counts(world)
}

function inOrder(entries: readonly (readonly [word: string, counts: number[]])[]): Counts {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function totalOf(all: Counts): number {
  return Object.values(all).reduce((sum, list) => sum + list.length, 0)
}
