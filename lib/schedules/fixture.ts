/**
 * For the schedules: programs that they run, and how an instance dies or stands still in the middle
 * of something.
 */

import type { Serde } from '../core/serde.ts'
import { serdes } from '../core/serde.ts'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import type { BrokerSettings } from '../kafka/broker/settings.ts'
import { stores } from '../state/stores.ts'
import { type Instance, type InstanceOptions, QUICK, World } from '../testing/world.ts'
import type { Topology } from '../topology/topology.ts'

/** Its transactions outlive its sessions, so that no timeout decides what a fence should. */
export const PATIENT: InstanceOptions = { ...QUICK, transactionTimeout: '60s' }

export const texts: { readonly key: Serde<string>; readonly value: Serde<string> } = {
  key: serdes.string,
  value: serdes.string,
}

/** A key-value store that the records themselves write: `-` deletes, else the value is appended. */
export function appendTo(store: string): Topology {
  const builder = new StreamsBuilder()
  const rows = stores.keyValue(store, texts)
  builder
    .stream('in', texts)
    .process<string, string, typeof rows>(
      (context) => ({
        process: ({ key, value }) => {
          const state = context.store(rows)
          if (value === '-') state.delete(key)
          else state.put(key, `${state.get(key) ?? ''}${value}`)
          context.forward({ key, value: state.get(key) ?? '' })
        },
      }),
      { ...texts, stores: [rows], name: 'append' },
    )
    .to('out')
  return builder.build()
}

/** Each key and value passes once per minute. */
export function dedup(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .dropDuplicates({ id: (value) => value, within: '1m', store: 'seen' })
    .to('out')
  return builder.build()
}

export const put = (...values: string[]): { key: string; value: string }[] =>
  values.map((value) => ({ key: 'k', value }))

/** A world with a topic to read and one to write, of a partition each. */
export async function begin(settings: Partial<BrokerSettings> = {}, seed = 7): Promise<World> {
  const world = new World(settings, seed)
  await world.topics({ in: 1, out: 1 })
  return world
}

type Hook = NonNullable<InstanceOptions['at']>

/** Dies at a point, the nth time that it passes. */
export const dieAt = (point: string, nth: number): Hook => {
  let passes = 0
  return (passed, instance) => {
    if (passed !== point || ++passes < nth) return undefined
    instance().kill()
    return new Promise(() => undefined)
  }
}

/** Stands still at a point, once, as a process that was stopped does: nothing of it happens meanwhile. */
export const standAt = (
  world: World,
  point: string,
  forMs: number,
  when: (instance: Instance) => boolean = () => true,
): Hook => {
  let stood = false
  return (passed, instance) => {
    if (passed !== point || stood || !when(instance())) return undefined
    stood = true
    instance().pause(forMs)
    return world.clock.sleep(forMs + 1)
  }
}

export const processed = ({ metrics }: Instance): number =>
  metrics.get('millrace_node_process_total')
