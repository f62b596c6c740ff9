/**
 * `npm start`: runs one of the examples on the embedded broker, or on the user's Kafka, with
 * generated input, and shows what comes out. Ctrl-C ends it with a summary.
 */
import { Streams } from 'millrace'
import type { Broker } from 'millrace/broker'
import { startBroker } from 'millrace/broker'
import type { Arguments } from './demo/arguments.ts'
import { readArguments, UsageError, usage } from './demo/arguments.ts'
import type { Figures } from './demo/display.ts'
import { display } from './demo/display.ts'
import { connect } from './demo/kafka.ts'
import type { Program } from './demo/program.ts'
import { programs } from './demo/programs.ts'

const DEFAULT_PORT = 9092

const portInUse = (port: number): UsageError =>
  new UsageError(
    `port ${port} is in use: choose another with --port, or use what runs there with --brokers localhost:${port}`,
  )

/** The port that was asked for, or the usual one, or any that is free. */
async function broker(port: number | undefined): Promise<Broker> {
  try {
    return await startBroker({ port: port ?? DEFAULT_PORT })
  } catch (error) {
    if (port !== undefined) throw portInUse(port)
    if (typeof error !== 'object' || error === null || !('code' in error)) throw error
    return startBroker({ port: 0 })
  }
}

function figuresOf(app: Streams): () => Figures {
  let read = 0
  let written = 0
  app.on('progress', (progress) => {
    read += progress.numInputRows
    written += progress.sink.numOutputRows
  })
  const dropped = (reason: 'late' | 'repeat'): number =>
    app.metrics.get('millrace_task_dropped_records_total', { reason })
  return () => ({
    state: app.state,
    inputPerSecond: app.progress().inputRowsPerSecond,
    read,
    written,
    commits: app.metrics.get('millrace_worker_commit_latency_seconds'),
    late: dropped('late'),
    repeats: dropped('repeat'),
    lag: app.status().tasks.reduce((sum, { lag }) => sum + lag, 0),
  })
}

async function run(options: Arguments, program: Program): Promise<void> {
  const began = Date.now()
  const own = options.brokers === undefined ? await broker(options.port) : undefined
  const brokers = options.brokers ?? own?.brokers ?? []
  const kafka = await connect(brokers, [
    ...program.feeds.map(({ topic }) => topic),
    program.output.topic,
  ])
  const where = own === undefined ? 'Kafka' : 'embedded broker'
  process.stdout.write(`${options.name}: ${program.what}\n${where} at ${brokers.join(',')}\n\n`)

  const app = new Streams(program.topology(), {
    applicationId: options.name,
    logger: { level: options.log },
    // The embedded broker's logs live in memory, so what an earlier run left would be foreign.
    ...(own === undefined ? { brokers } : { cluster: own.cluster() }),
  })
  const figures = figuresOf(app)
  const timer =
    options.seconds === undefined
      ? undefined
      : setTimeout(() => process.kill(process.pid, 'SIGINT'), options.seconds * 1000)
  process.once('SIGINT', () => kafka.stopFeeding())
  const shown = display(process.stdout, program.output.columns, figures)
  try {
    const running = app.run()
    await Promise.race([
      running,
      kafka.feed(program.feeds, options.rate).then(() => kafka.watch(program.output, shown.add)),
    ])
    await running
  } finally {
    clearTimeout(timer)
    shown.close()
    await kafka.close()
    await own?.stop()
  }
  const { read, written, commits, late, repeats } = figures()
  process.stdout.write(
    `\nread ${read} records and wrote ${written} in ${commits} commits and ${((Date.now() - began) / 1000).toFixed(1)} s; dropped ${late} late and ${repeats} repeated\n`,
  )
}

async function main(words: readonly string[]): Promise<void> {
  const names = [...programs.keys()]
  const options = readArguments(words, names)
  if (options === undefined) {
    process.stdout.write(usage(names))
    return
  }
  const program = programs.get(options.name)
  if (program === undefined) return
  await run(options, program)
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const usage = error instanceof UsageError
  const text = typeof error === 'object' && error !== null && 'message' in error
  process.stderr.write(`${text ? error.message : error}\n`)
  process.exitCode = usage ? 2 : 1
})
