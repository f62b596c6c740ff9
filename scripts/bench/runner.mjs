/** One workload in one process; see README.md for the environment that it reads. */
import { Streams } from 'millrace'
import { env, running } from './marks.mjs'
import { topologyOf } from './topologies.mjs'

const exactlyOnce = env.BENCH_GUARANTEE === 'eos'
const app = new Streams(topologyOf(env.BENCH_WORKLOAD, env.BENCH_IN.split(','), env.BENCH_OUT), {
  applicationId: env.BENCH_APP_ID,
  brokers: env.BENCH_BROKERS.split(','),
  guarantee: exactlyOnce ? 'exactly-once' : 'at-least-once',
  commitInterval: Number(env.BENCH_COMMIT_MS ?? (exactlyOnce ? 100 : 1000)),
  stateDir: env.BENCH_STATE_DIR,
  internalTopics: { replicationFactor: 1 },
  logger: { level: 'warn' },
})
const ended = app.run()
app.on('state', (state) => {
  if (state === 'running') running()
})
await ended
