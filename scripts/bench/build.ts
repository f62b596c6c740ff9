/** Builds what runs: our package into dist, the Java side into build/bench/java. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const JAVA = join(import.meta.dirname, 'java')
const OUT = join(import.meta.dirname, '../../build/bench/java')
const STAMP = join(OUT, 'stamp')

function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] })
  if (error !== undefined || status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? 'see above'}`)
}

export function buildPackage(): void {
  run('npm', ['run', '--silent', 'build'])
}

/** The class path of driver, Kafka Streams runner and broker. Maven runs when a source has changed. */
export function buildJava(): string {
  const hash = createHash('sha256')
  for (const file of readdirSync(JAVA, { recursive: true, encoding: 'utf8' }).sort())
    if (/\.\w+$/.test(file)) hash.update(file).update(readFileSync(join(JAVA, file)))
  const stamp = hash.digest('hex')
  if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== stamp) {
    run('mvn', ['-q', '-B', '-f', join(JAVA, 'pom.xml'), 'clean', 'package'])
    writeFileSync(STAMP, stamp)
  }
  return `${join(OUT, 'classes')}:${join(OUT, 'libs')}/*`
}

/** Of the Kafka that is measured, broker and Kafka Streams alike. */
export function kafkaVersion(): string {
  const pom = readFileSync(join(JAVA, 'pom.xml'), 'utf8')
  return /<kafka\.version>(.*)</.exec(pom)?.[1] ?? '?'
}
