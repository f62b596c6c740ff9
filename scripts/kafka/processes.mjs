/** What outlives the command: a broker begins, who still runs, how one ends, the end of its log. */
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { properties, text } from './cluster.mjs'
import { classpath } from './jars.mjs'
import { HOME, say, sleep, uuid } from './kit.mjs'

/** What `StorageTool format` leaves, from the version's template: saves a JVM start for each broker. */
function format(cluster, dir, id) {
  const data = path.join(dir, String(id), 'data')
  if (fs.existsSync(path.join(data, 'meta.properties'))) return
  fs.mkdirSync(path.dirname(data), { recursive: true })
  fs.cpSync(path.join(HOME, cluster.version, 'template'), data, { recursive: true })
  const meta = path.join(data, 'meta.properties')
  fs.writeFileSync(
    meta,
    fs
      .readFileSync(meta, 'utf8')
      .replace(/^node\.id=.*/m, `node.id=${id}`)
      .replace(/^cluster\.id=.*/m, `cluster.id=${cluster.id}`)
      .replace(/^directory\.id=.*/m, `directory.id=${uuid()}`),
  )
}

/** The pid of a broker that runs, not of a stranger that got its number. */
export function pid(dir, name) {
  let n
  try {
    n = Number(fs.readFileSync(path.join(dir, name, 'pid'), 'utf8'))
    process.kill(n, 0)
  } catch {
    return undefined
  }
  try {
    if (/^State:\s+Z/m.test(fs.readFileSync(`/proc/${n}/status`, 'utf8'))) return undefined
    return fs.readFileSync(`/proc/${n}/cmdline`, 'utf8').includes(path.join(dir, name))
      ? n
      : undefined
  } catch {
    return fs.existsSync('/proc/self') ? undefined : n
  }
}

export function boot(cluster, dir, id) {
  const home = path.join(HOME, cluster.version)
  const file = path.join(dir, String(id), 'server.properties')
  format(cluster, dir, id)
  fs.writeFileSync(file, text(properties(cluster, dir, id)))
  const log = fs.openSync(path.join(dir, String(id), 'log'), 'a')
  const child = spawn(
    'java',
    [
      `-Xmx${cluster.heap ?? '384m'}`,
      '-Xms64m',
      '-XX:+UseSerialGC',
      '-Djava.awt.headless=true',
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      '-Dorg.slf4j.simpleLogger.showDateTime=true',
      '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
      '-Dlog4j2.loggerContextFactory=org.apache.logging.log4j.simple.SimpleLoggerContextFactory',
      ...(process.env.KAFKA_OPTS?.split(' ').filter(Boolean) ?? []),
      '-cp',
      classpath(home),
      'kafka.Kafka',
      file,
    ],
    { cwd: path.join(dir, String(id)), detached: true, stdio: ['ignore', log, log] },
  )
  child.on('error', (e) => say(`java did not start: ${e.message}`))
  fs.writeFileSync(path.join(dir, String(id), 'pid'), `${child.pid}\n`)
  fs.closeSync(log)
  child.unref()
}

export const gone = async (dir, name, ms) => {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(30))
    if (pid(dir, name) === undefined) return true
  return false
}

export async function halt(dir, names, ms = 8000) {
  for (const name of names) {
    const p = pid(dir, name)
    if (p) {
      process.kill(p, 'SIGCONT')
      process.kill(p, 'SIGTERM')
    }
  }
  for (const end = Date.now() + ms; Date.now() < end && names.some((n) => pid(dir, n)); )
    await sleep(50)
  for (const name of names) {
    const p = pid(dir, name)
    if (p) {
      process.kill(p, 'SIGKILL')
      await gone(dir, name, 3000)
    }
  }
}

export const tail = (file, lines = 30) =>
  fs.existsSync(file)
    ? fs.readFileSync(file, 'utf8').split('\n').slice(-lines).join('\n')
    : '(no log)'
