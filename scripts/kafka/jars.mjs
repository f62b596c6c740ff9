/** Versions of Kafka on disk: jars from Maven Central, the compiled tool, a formatted data folder. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { text } from './cluster.mjs'
import { exec, fail, HOME, HOST, KIT, say, uuid } from './kit.mjs'

export const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1'

export function maven(args) {
  const run = spawnSync('mvn', ['-q', '-B', '-ntp', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (run.error) fail(`mvn did not start: ${run.error.message}`)
  if (run.status !== 0)
    fail(
      `mvn failed:\n${(run.stdout + run.stderr)
        .split('\n')
        .filter((l) => l.includes('ERROR'))
        .slice(0, 4)
        .join('\n')}`,
    )
  return run.stdout
}

function latest() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'kafka-kit-'))
  try {
    maven([
      '-f',
      path.join(KIT, 'pom.xml'),
      `${PLUGIN}:copy-dependencies`,
      '-Dkafka.version=RELEASE',
      `-DoutputDirectory=${dir}`,
      '-DincludeArtifactIds=kafka_2.13',
    ])
    return /kafka_2\.13-(.*)\.jar/.exec(fs.readdirSync(dir).join(' '))[1]
  } finally {
    fs.rmSync(dir, { recursive: true, force: true })
  }
}

export const size = (dir) =>
  fs
    .readdirSync(dir, { recursive: true, withFileTypes: true })
    .reduce(
      (n, e) => n + (e.isFile() ? fs.statSync(path.join(e.parentPath ?? e.path, e.name)).size : 0),
      0,
    )

const toolHash = () =>
  createHash('sha256')
    .update(fs.readFileSync(path.join(KIT, 'Tool.java')))
    .digest('hex')
    .slice(0, 16)

export const tools = (home) => path.join(home, `tool-${toolHash()}`)

export const classpath = (home) =>
  fs
    .readdirSync(path.join(home, 'libs'))
    .filter((f) => f.endsWith('.jar'))
    .sort()
    .map((f) => path.join(home, 'libs', f))
    .join(path.delimiter)

/** Idempotent. Each step lands by rename, so that two installs at once, or a killed one, leave nothing half done. */
export async function install(version, quiet) {
  const started = Date.now()
  if (version === 'latest') version = latest()
  const home = path.join(HOME, version)
  let did = false
  if (!fs.existsSync(path.join(home, 'libs'))) {
    did = true
    fs.mkdirSync(home, { recursive: true })
    const tmp = fs.mkdtempSync(path.join(home, 'libs.tmp-'))
    try {
      maven([
        '-f',
        path.join(KIT, 'pom.xml'),
        `${PLUGIN}:copy-dependencies`,
        `-Dkafka.version=${version}`,
        `-DoutputDirectory=${tmp}`,
        '-DincludeScope=runtime',
      ])
      land(tmp, path.join(home, 'libs'))
    } finally {
      fs.rmSync(tmp, { recursive: true, force: true })
    }
  }
  if (!fs.existsSync(tools(home))) did = true
  compile(home)
  if (!fs.existsSync(path.join(home, 'template'))) {
    did = true
    const tmp = fs.mkdtempSync(path.join(home, 'template.tmp-'))
    fs.mkdirSync(path.join(tmp, 'data'))
    const props = path.join(tmp, 'format.properties')
    fs.writeFileSync(
      props,
      text({
        'process.roles': 'broker,controller',
        'node.id': 1,
        'controller.quorum.voters': `1@${HOST}:1`,
        'controller.listener.names': 'CONTROLLER',
        listeners: `PLAINTEXT://${HOST}:2,CONTROLLER://${HOST}:1`,
        'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
        'log.dirs': path.join(tmp, 'data'),
      }),
    )
    exec('java', [
      '-XX:TieredStopAtLevel=1',
      '-cp',
      classpath(home),
      'kafka.tools.StorageTool',
      'format',
      '-t',
      uuid(),
      '-c',
      props,
    ])
    land(path.join(tmp, 'data'), path.join(home, 'template'))
    fs.rmSync(tmp, { recursive: true, force: true })
  }
  if (!quiet)
    say(
      `kafka ${version}: ${fs.readdirSync(path.join(home, 'libs')).length} jars, ${(size(path.join(home, 'libs')) / 1048576).toFixed(0)} MB, ${did ? `installed in ${((Date.now() - started) / 1000).toFixed(1)} s` : 'already installed'}`,
    )
  return { version, home }
}

export function compile(home) {
  if (fs.existsSync(tools(home))) return
  const tmp = fs.mkdtempSync(path.join(home, 'tool.tmp-'))
  exec('javac', [
    '-nowarn',
    '-proc:none',
    '-d',
    tmp,
    '-cp',
    classpath(home),
    path.join(KIT, 'Tool.java'),
  ])
  land(tmp, tools(home))
}

export function land(from, to) {
  try {
    fs.renameSync(from, to)
  } catch (e) {
    if (e.code !== 'ENOTEMPTY' && e.code !== 'EEXIST') throw e
    fs.rmSync(from, { recursive: true, force: true })
  }
}
