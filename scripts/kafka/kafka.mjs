// A real Apache Kafka for tests, without Docker: jars from Maven Central, KRaft, loopback only. `kafka help` lists the verbs.
import fs from 'node:fs'
import path from 'node:path'
import { CLIENTS, commandLine, help } from './arguments.mjs'
import { other, tool } from './client.mjs'
import { ids, own, read } from './cluster.mjs'
import { install } from './jars.mjs'
import { DEFAULT, fail, HOME, say } from './kit.mjs'
import { restart, start, status } from './lifecycle.mjs'
import { gone, halt, pid, tail } from './processes.mjs'
import { door, registry } from './registry.mjs'

async function main() {
  const { flags, words } = commandLine()
  const verb = words[0] ?? 'help'
  if (verb === 'help') return console.log(help())
  if (verb === 'door') return door()
  if (flags.bootstrap !== undefined && !CLIENTS.includes(verb))
    fail(
      `${verb} takes no --bootstrap: it is for clients (${CLIENTS.join(', ')}), not for what this kit started itself`,
    )
  if (verb === 'install') return void (await install(words[1] ?? flags.version ?? DEFAULT))
  const dir = path.resolve(
    flags.dir ?? process.env.KAFKA_DIR ?? path.join(HOME, 'run', flags.port ?? '9092'),
  )
  if (verb === 'start') return start(dir, flags)
  if (verb === 'registry')
    return registry(dir, read(dir)?.port ?? Number(flags.port ?? 9092), words, flags)
  if (CLIENTS.includes(verb)) {
    const cluster = flags.bootstrap !== undefined ? await other(flags) : own(dir)
    if (verb === 'acl' && Array.isArray(flags.user)) flags.user = flags.user[0]
    process.exitCode = tool(cluster, words, flags, verb === 'load' ? 'inherit' : 'ignore')
    return
  }
  const cluster = own(dir)
  const names = [...ids(cluster).map(String)]
  const id = () =>
    names.includes(words[1]) ? Number(words[1]) : fail(`which broker? one of ${names.join(', ')}`)
  const signal = (name) =>
    process.kill(pid(dir, String(id())) ?? fail(`broker ${words[1]} does not run`), name)
  switch (verb) {
    case 'stop':
      await halt(dir, ['door', 'registry', ...names])
      if (flags.wipe) fs.rmSync(dir, { recursive: true, force: true })
      return
    case 'kill':
      signal('SIGKILL')
      await gone(dir, words[1], 3000)
      return
    case 'pause':
      return signal('SIGSTOP')
    case 'resume':
      return signal('SIGCONT')
    case 'restart':
      return restart(dir, cluster, id())
    case 'status':
      process.exitCode = (await status(dir, cluster)) ? 0 : 1
      return
    case 'log':
      return console.log(tail(path.join(dir, String(id()), 'log'), 60))
    default:
      fail(`unknown verb ${verb}; "kafka help" lists them`)
  }
}

main().catch((e) => {
  say(e.message)
  process.exitCode = 1
})
