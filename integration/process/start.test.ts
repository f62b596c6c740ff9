/** `npm start`, as a stranger types it. */
import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { Kafka, logLevel } from 'kafkajs'
import { Program } from '../support/program.ts'

const running: Program[] = []

function start(...args: string[]): Program {
  const program = new Program(process.execPath, ['scripts/start.mjs', ...args])
  running.push(program)
  return program
}

afterEach(async () => {
  for (const program of running.splice(0)) await program.kill()
})

describe('npm start', () => {
  test('shows closed windows in plain lines and ends with a summary on Ctrl-C', async () => {
    const program = start('--port', '23192')
    await program.prints(/^\d{4}-\d\d-\d\d \d\d:\d\d\t\/\w+\t\d+$/m)
    program.interrupt()
    expect(await program.ended).toEqual({ code: 0, signal: null })
    const summary = /read (\d+) records and wrote (\d+) in (\d+) commits/.exec(program.output)
    expect(Number(summary?.[1])).toBeGreaterThan(0)
    expect(program.output).toMatch(/dropped \d+ late and \d+ repeated/)
  })

  test('ends what it runs when npm alone is ended', async () => {
    const npm = new Program('npm', ['start', '--silent', '--', 'word-count', '--port', '23196'])
    running.push(npm)
    await npm.prints(/^\w+\t\d+$/m)
    npm.signal('SIGTERM')
    // Its pipes close only when the last of its processes has ended.
    await npm.ended
    expect(npm.output).toMatch(/read \d+ records/)
  })

  test('lets stock clients connect to the address that it prints', async () => {
    const program = start('--port', '23193')
    const address = (await program.prints(/broker at (\S+)/))[1] ?? ''
    await program.prints(/\t\/\w+\t\d+$/m)
    const kafka = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING })
    const admin = kafka.admin()
    await admin.connect()
    expect(await admin.listTopics()).toContain('views-per-minute')
    await admin.disconnect()
  })

  test.each(['word-count', 'dedup-per-user', 'click-enrichment', 'orders-payments'])(
    'runs %s',
    async (name) => {
      const program = start(name, '--port', '23194')
      await program.prints(/^[^\t\n#]+\t[^\t\n]*\d/m)
      program.signal('SIGTERM')
      expect((await program.ended).code).toBe(0)
    },
  )

  test.each([
    [['no-such-topology'], /^no topology 'no-such-topology': page-views, /],
    [['--prot', '1'], /^Unknown option '--prot'/],
    [['--rate', 'fast'], /^--rate fast: a whole number/],
    [['--port', '99999'], /^--port 99999: a whole number from 1 to 65535/],
    [['--brokers', '127.0.0.1:1'], /^no Kafka answers at 127\.0\.0\.1:1: /],
  ])('says in one line what is wrong with %j', async (args, line) => {
    const program = start(...args)
    expect((await program.ended).code).toBe(2)
    expect(program.output).toMatch(line)
    expect(program.output.trim().split('\n')).toHaveLength(1)
  })

  test('says what to do about a port that is in use', async () => {
    const server = createServer().listen(23195, '127.0.0.1')
    const program = start('--port', '23195')
    expect((await program.ended).code).toBe(2)
    expect(program.output).toMatch(/^port 23195 is in use: choose another with --port/)
    server.close()
  })
})
