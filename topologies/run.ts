/**
 * Runs an example as it would be deployed: `KAFKA_BROKERS=… STATE_DIR=… node topologies/run.ts NAME`.
 * It ends with SIGTERM.
 */
import { Streams } from 'millrace'
import { programs } from './demo/programs.ts'

async function run(name: string): Promise<void> {
  const program = programs.get(name)
  if (program === undefined)
    throw new Error(`no topology '${name}': ${[...programs.keys()].join(', ')}`)
  const brokers = process.env.KAFKA_BROKERS
  if (brokers === undefined) throw new Error('set KAFKA_BROKERS=HOST:PORT[,HOST:PORT…]')
  const app = new Streams(program.topology(), {
    applicationId: process.env.APPLICATION_ID ?? name,
    brokers: brokers.split(','),
    stateDir: process.env.STATE_DIR ?? './millrace-state',
  })
  await app.run()
}

run(process.argv[2] ?? '').catch((error: unknown) => {
  const text = typeof error === 'object' && error !== null && 'message' in error
  process.stderr.write(`${text ? error.message : error}\n`)
  process.exitCode = 1
})
