/**
 * The protocol suite against a real Kafka: it says what the embedded broker must answer. It expects
 * Kafka 4.1 with the kit's settings (sessions from 1 s, no rebalance delay, quick timeouts).
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { systemClock } from '../../lib/core/clock.ts'
import { silentLogger } from '../../lib/core/logger.ts'
import { systemRandom } from '../../lib/core/random.ts'
import type { Transport } from '../../lib/kafka/transport.ts'
import { tcpTransport } from '../../lib/kafka/transports/tcp.ts'
import { scenarios } from '../protocol-suite/all.ts'
import { RawKafka } from '../protocol-suite/raw-kafka.ts'
import type { Observed, Scenario } from '../protocol-suite/scenario.ts'
import { brokers } from '../support/kafka.ts'

/** Most of a scenario's time is waiting, so several run at once. */
const AT_ONCE = 12

let transport: Transport
const results = new Map<Scenario, Promise<Observed>>()

async function run(scenario: Scenario): Promise<Observed> {
  const kafka = new RawKafka(transport, systemClock, `suite-${process.pid}-${Date.now()}`)
  try {
    return await scenario.run(kafka)
  } finally {
    await kafka.close()
  }
}

/** Resolves when it is through, however it went. */
function begin(scenario: Scenario, before = Promise.resolve()): Promise<void> {
  const result = before.then(() => run(scenario))
  results.set(scenario, result)
  return result.then(
    () => undefined,
    () => undefined,
  )
}

beforeAll(() => {
  transport = tcpTransport({
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    brokers,
    clientId: 'protocol-suite',
    ssl: undefined,
    sasl: undefined,
    connectionTimeoutMs: 10_000,
  })
  let first = Promise.resolve()
  for (const scenario of scenarios) if (scenario.alone === true) first = begin(scenario, first)
  const lanes = Array.from({ length: AT_ONCE }, () => first)
  // Those that wait for the log cleaner take longest: they begin first.
  const together = scenarios.filter(({ alone }) => alone !== true).reverse()
  for (const [index, scenario] of together.entries()) {
    const lane = index % AT_ONCE
    lanes[lane] = begin(scenario, lanes[lane])
  }
})

afterAll(() => transport.close())

test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
  '%s',
  async (_, scenario) => {
    expect(await results.get(scenario)).toEqual(scenario.expected)
  },
)
