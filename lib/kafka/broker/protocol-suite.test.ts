/** The protocol suite against the embedded broker, in virtual time: the answers of a real Kafka. */
import { expect, test } from '@jest/globals'
import { scenarios } from '../../../integration/protocol-suite/all.ts'
import { RawKafka } from '../../../integration/protocol-suite/raw-kafka.ts'
import { inVirtualTime } from '../../../integration/protocol-suite/virtual-run.ts'
import { seededRandom } from '../../core/random.ts'
import { inProcessTransport } from '../transports/in-process.ts'
import { EmbeddedBroker } from './embedded-broker.ts'

test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
  '%s',
  async (_, scenario) => {
    const observed = await inVirtualTime((clock) => {
      const broker = new EmbeddedBroker({ clock, random: seededRandom(7) })
      return scenario.run(new RawKafka(inProcessTransport(broker), clock, 'suite'))
    })
    expect(observed).toEqual(scenario.expected)
  },
)
