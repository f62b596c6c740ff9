/**
 * One instance of every workload as a process: `node instance.ts PREFIX STATE_DIR [GUARANTEE]
 * [WORKLOAD]`, with KAFKA_BROKERS. Names of applications and topics begin with `PREFIX-`. It prints
 * `running` once all have started and ends with SIGTERM.
 */
import type { Guarantee } from 'millrace'
import { Streams } from 'millrace'
import { workloads } from '../../scripts/workloads/all.ts'

const [prefix = 'kills', stateDir = './millrace-state', guarantee = 'exactly-once', only] =
  process.argv.slice(2)
const brokers = (process.env.KAFKA_BROKERS ?? '').split(',')

async function main(): Promise<void> {
  const chosen = workloads.filter(({ name }) => only === undefined || name === only)
  const apps = chosen.map(
    ({ name, topology }) =>
      new Streams(topology(`${prefix}-`), {
        applicationId: `${prefix}-${name}`,
        brokers,
        stateDir,
        guarantee: guarantee as Guarantee,
        sessionTimeout: '3s',
        rebalanceTimeout: '10s',
        transactionTimeout: '5s',
        logger: { level: 'warn' },
      }),
  )
  let waiting = apps.length
  for (const app of apps)
    app.on('state', (state) => {
      if (state === 'running' && --waiting === 0) process.stdout.write('running\n')
    })
  await Promise.all(apps.map((app) => app.run()))
}

main().catch((error: unknown) => {
  process.stderr.write(
    `${typeof error === 'object' && error !== null && 'stack' in error ? error.stack : error}\n`,
  )
  process.exitCode = 1
})
