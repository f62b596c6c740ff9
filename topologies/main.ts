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
import { onInterrupt } from './demo/interrupts.ts'
import type { DemoKafka } from './demo/kafka.ts'
import { connect } from './demo/kafka.ts'
import type { Program } from './demo/program.ts'
import { programs } from './demo/programs.ts'

const DEFAULT_PORT = 9092

function codeOf(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return undefined
  if ('cause' in error && error.cause !== undefined) return codeOf(error.cause)
  return 'code' in error ? error.code : undefined
}

function refused(port: number, error: unknown): UsageError {
  const text =
    codeOf(error) === 'EADDRINUSE'
      ? `port ${port} is in use: choose another with --port, or use what runs there with --brokers localhost:${port}`
      : `port ${port} is not to be had (${codeOf(error)}): choose another with --port`
  return new UsageError(text, { cause: error })
}

/** The port that was asked for, or the usual one, or any that is free. */
async function broker(port: number | undefined): Promise<Broker> {
  try {
    return await startBroker({ port: port ?? DEFAULT_PORT })
  } catch (error) {
    if (port !== undefined) throw refused(port, error)
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

/** Feeds the application and shows what it makes, until somebody ends it. */
async function demonstrate(
  app: Streams,
  kafka: DemoKafka,
  program: Program,
  options: Arguments,
): Promise<void> {
  const began = Date.now()
  const figures = figuresOf(app)
  const shown = display(process.stdout, program.output.columns, figures)
  try {
    await Promise.all([app.start(), kafka.watch(program.output, shown.add)])
    const seen = Math.max(...app.status().tasks.map(({ streamTime }) => streamTime), -1)
    if (app.state !== 'stopped') await kafka.feed(program.feeds, options.rate, seen)
    await app.awaitTermination()
  } finally {
    await app.stop({ graceful: false }).catch(() => undefined)
    shown.close()
  }
  const { read, written, commits, late, repeats } = figures()
  const seconds = ((Date.now() - began) / 1000).toFixed(1)
  process.stdout.write(
    `\nread ${read} records and wrote ${written} in ${commits} commits and ${seconds} s, repartition topics included; dropped ${late} late and ${repeats} repeated\n`,
  )
}

async function run(options: Arguments, program: Program): Promise<void> {
  const own = options.brokers === undefined ? await broker(options.port) : undefined
  const brokers = options.brokers ?? own?.brokers ?? []
  const app = new Streams(program.topology(), {
    applicationId: options.name,
    logger: { level: options.log },
    // The embedded broker's logs live in memory, so what an earlier run left would be foreign.
    ...(own === undefined ? { brokers } : { cluster: own.cluster() }),
    ...(options.state === undefined ? {} : { stateDir: options.state }),
  })
  let kafka: DemoKafka | undefined
  const end = (again: boolean): void => {
    kafka?.stopFeeding()
    app.stop(again ? { graceful: false } : {}).catch(() => undefined)
  }
  const uninterrupted = onInterrupt(end)
  // `npm start | head` closes the pipe.
  process.stdout.on('error', () => end(false))
  const { seconds } = options
  const timer = seconds === undefined ? undefined : setTimeout(end, seconds * 1000, false)
  try {
    const topics = program.feeds.map(({ topic }) => topic)
    kafka = await connect(brokers, [...topics, program.output.topic])
    const where = own === undefined ? 'Kafka' : 'embedded broker'
    process.stdout.write(`${options.name}: ${program.what}\n${where} at ${brokers.join(',')}\n\n`)
    if (app.state === 'created') await demonstrate(app, kafka, program, options)
  } finally {
    clearTimeout(timer)
    await kafka?.close()
    await own?.stop()
    uninterrupted()
  }
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
