/** Where the kit and what it fetched lie; words for people, ids and commands for all its files. */
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const KIT = path.dirname(fileURLToPath(import.meta.url))

export const HOME =
  process.env.KAFKA_HOME ??
  path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'kafka-kit')

export const DEFAULT = /<kafka.version>(.*)</.exec(
  fs.readFileSync(path.join(KIT, 'pom.xml'), 'utf8'),
)[1]

export const HOST = '127.0.0.1'

export const say = (line) => process.stderr.write(`${line}\n`)

export const fail = (line) => {
  throw new Error(line)
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms))

export const uuid = () => {
  // Kafka's: 16 bytes, base64url, not starting with a dash
  for (;;) {
    const id = randomBytes(16).toString('base64url')
    if (!id.startsWith('-')) return id
  }
}

export function exec(command, args, cwd) {
  const run = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  if (run.error || run.status !== 0)
    fail(
      `${command} failed: ${run.error?.message ?? run.stderr.split('\n').slice(0, 6).join('\n')}`,
    )
}
