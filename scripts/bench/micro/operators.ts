/** A compiled sub-topology, from a fetched batch to its sink, without the network. */
import { systemClock } from '../../../lib/core/clock.ts'
import { silentLogger } from '../../../lib/core/logger.ts'
import { serdes } from '../../../lib/core/serde.ts'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder.ts'
import { LazyBatch } from '../../../lib/kafka/protocol/record-batch.ts'
import type { Collector } from '../../../lib/runtime/collector.ts'
import { DEFAULT_LIMITS } from '../../../lib/runtime/collector.ts'
import { MetricsRegistry } from '../../../lib/runtime/metrics-registry.ts'
import { Task } from '../../../lib/runtime/task.ts'
import { subTopologies } from '../../../lib/topology/sub-topologies.ts'
import type { Topology } from '../../../lib/topology/topology.ts'
import { programOf } from '../../../lib/topology/topology.ts'
import type { Case, Group } from './case.ts'
import { RECORDS } from './case.ts'
import { batchOfEvents } from './codec.ts'

interface Event {
  readonly amount: number
}

/** Counts what comes out: nobody keeps it. */
class Count implements Collector {
  sent = 0
  readonly partitionsOf = (): number => 1
  readonly limitsOf = (): typeof DEFAULT_LIMITS => DEFAULT_LIMITS
  readonly admit = (): undefined => undefined
  readonly send = (): void => {
    this.sent += 1
  }
}

function bytes(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('in', { key: serdes.bytes, value: serdes.bytes })
    .filter((value) => value.length > 0)
    .mapValues((value) => value, { value: serdes.bytes })
    .to('out')
  return builder.build()
}

function events(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('in', { key: serdes.string, value: serdes.json<Event>() })
    .filter(({ amount }) => amount >= 0)
    .mapValues((event) => ({ ...event, amount: event.amount + 1 }), { value: serdes.json<Event>() })
    .to('out')
  return builder.build()
}

function through(name: string, topology: Topology): Case {
  const [subTopology] = subTopologies(programOf(topology))
  if (subTopology === undefined) throw new RangeError(`${name} has no source`)
  const collector = new Count()
  const task = new Task({
    id: `${subTopology.id}_0`,
    subTopology,
    partition: 0,
    applicationId: 'micro',
    start: new Map([['in', { offset: 0, metadata: '' }]]),
    state: undefined,
    collector,
    clock: systemClock,
    logger: silentLogger,
    metrics: new MetricsRegistry(),
  })
  const batch = batchOfEvents()
  let next = 0
  const run = async (): Promise<void> => {
    // A fetched batch says where it lies in its partition.
    batch.writeBigInt64BE(BigInt(next), 0)
    next += RECORDS
    const before = collector.sent
    task.addBatch('in', new LazyBatch(batch), 0, next)
    while (task.queuedRecords > 0) {
      const done = task.processOne()
      if (done !== undefined) await done
    }
    task.committed(task.freeze(), new Map())
    if (collector.sent - before !== RECORDS)
      throw new RangeError(`${name} sent ${collector.sent - before} of ${RECORDS} records`)
  }
  return { name, records: RECORDS, run }
}

export async function operators(): Promise<Group> {
  const cases = [
    through('task: filter → mapValues → sink, bytes', bytes()),
    through('task: filter → mapValues → sink, JSON', events()),
  ]
  return { cases, close: async () => undefined }
}
