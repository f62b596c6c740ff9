/**
 * `node bench-answers.mjs`: runs workloads of the benchmark through the test driver. stdin: by workload
 * `{ topics, records: [topic, key, value, timestamp][] }`; the last line of stdout: by workload `[key, value][]`.
 */
import { text } from 'node:stream/consumers'
import { serdes } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { topologyOf } from '../../scripts/bench/topologies.mjs'

const OUT = 'out'
const strings = { key: serdes.string, value: serdes.string }

async function answersOf(workload, { topics, records }) {
  const driver = new TopologyTestDriver(topologyOf(workload, topics, OUT))
  const output = driver.output(OUT, strings)
  for (const [topic, key, value, timestamp] of records)
    await driver.input(topic, strings).pipe({ key, value, timestamp })
  const answers = output.readAll().map(({ key, value }) => [key, value])
  await driver.close()
  return answers
}

const answers = {}
for (const [workload, input] of Object.entries(JSON.parse(await text(process.stdin))))
  answers[workload] = await answersOf(workload, input)
process.stdout.write(`${JSON.stringify(answers)}\n`)
