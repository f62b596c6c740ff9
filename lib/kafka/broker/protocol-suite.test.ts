/** The protocol suite against the embedded broker, in virtual time: the answers of a real Kafka. */
import { expect, test } from '@jest/globals'
import { scenarios } from '../../../integration/protocol-suite/all.ts'
import { RawKafka } from '../../../integration/protocol-suite/raw-kafka.ts'
import { seededRandom } from '../../core/random.ts'
import { VirtualTime } from '../../testing/simulation/virtual-time.ts'
import { inProcessTransport } from '../transports/in-process.ts'
import { EmbeddedBroker } from './embedded-broker.ts'

const START = Date.UTC(2026, 0, 1)
const LIMIT_MS = 3_600_000

test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
  '%s',
  async (_, scenario) => {
    const time = new VirtualTime(START)
    const clock = time.clock()
    const broker = new EmbeddedBroker({ clock, random: seededRandom(7) })
    const kafka = new RawKafka(inProcessTransport(broker), clock, 'suite')
    let settled = false
    const running = scenario.run(kafka).finally(() => {
      settled = true
    })
    expect(await time.run(START + LIMIT_MS, () => settled)).toBe('done')
    expect(await running).toEqual(scenario.expected)
    broker.close()
  },
)
