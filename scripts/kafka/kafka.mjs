// A real Apache Kafka for tests, without Docker: jars from Maven Central, KRaft, loopback only. `kafka help` lists the verbs.
import { spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const HELP = `kafka VERB [options]            every verb takes --port P (default 9092) or --dir DIR to name the cluster;
                                dump, load, topic, offsets, groups, transactions, user, acl also take --bootstrap HOST:PORT

  install [VERSION]             fetch the jars (default @DEFAULT@; "latest" asks Maven Central)
  start   [--brokers 1|3] [--version V] [--fresh] [--heap 384m] [--set key=value …]
          [--secure] [--acl] [--user name:password …]
          boots, waits until every broker answers, prints KAFKA_BROKERS=… (and more with --secure)
  stop    [--wipe]              SIGTERM, then SIGKILL after 8 s
  kill N | pause N | resume N   SIGKILL, SIGSTOP, SIGCONT to broker N
  restart N                     boots broker N again (stops it first when it is up)
  status                        JSON; exit 0 when every broker answers
  log N                         the end of broker N's log

  topic create NAME… [--partitions N] [--replicas N] [--if-missing] [--config key=value …]
  topic list [--internal] | describe NAME… | delete NAME… | configure NAME… --config key=value …
  topic grow NAME --partitions N | truncate NAME [--partition N] [--before OFFSET]
  offsets TOPIC                 begin, stable and end offset of each partition
  dump TOPIC [--committed] [--settle MS] [--from beginning|end|OFFSET] [--partition N] [--max N] [--follow MS] [--hex]
  dump TOPIC --group G [--count N] [--settle MS] [--committed] [--hex]
          as a member of group G, from its offsets or the beginning; ends after N records, or when it has all there are
          and MS (3000) went by in silence; then commits what it printed
  load TOPIC [--acks all|1|0] [--transactional ID] [--batch N] [--rate PER_SECOND] [--compression C] [--lenient] [--hang]
          JSON lines on stdin: {"key","value","timestamp","partition","headers":[{"name","value"}]}, …Hex for bytes;
          with --transactional also {"commit":true} and {"abort":true}
  groups [NAME…] [--delete]     members, offsets, lag
  transactions                  those the coordinators know; "hanging" are those that none knows
  user NAME PASSWORD            SCRAM-SHA-256 and -512
  acl add --user U --topic T|--group G|--txn X [--prefixed] --ops Read,Write [--deny] | acl list | acl clear
  registry start [--auth name:password] | stop | status
                                a Confluent-compatible schema registry beside the cluster, in memory, on port P+5 (see README)

  clients (dump, load, topic, groups, …) take
  --as name:password [--sasl SCRAM-SHA-512|SCRAM-SHA-256|PLAIN]   to ask as that user
  --tls CA.pem                                                    to ask over TLS, trusting that authority
  --bootstrap HOST:PORT[,…] [--version V]                         to ask another server, which the kit did not start`

const KIT = path.dirname(fileURLToPath(import.meta.url))
const HOME =
  process.env.KAFKA_HOME ??
  path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'kafka-kit')
const DEFAULT = /<kafka.version>(.*)</.exec(fs.readFileSync(path.join(KIT, 'pom.xml'), 'utf8'))[1]
const HOST = '127.0.0.1'
const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1'

const say = (line) => process.stderr.write(`${line}\n`)
const fail = (line) => {
  throw new Error(line)
}
const sleep = (ms) => new Promise((done) => setTimeout(done, ms))
const uuid = () => {
  // Kafka's: 16 bytes, base64url, not starting with a dash
  for (;;) {
    const id = randomBytes(16).toString('base64url')
    if (!id.startsWith('-')) return id
  }
}

// ---- install --------------------------------------------------------------------------------------------------------------

function maven(args) {
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

function exec(command, args, cwd) {
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

const size = (dir) =>
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
const tools = (home) => path.join(home, `tool-${toolHash()}`)
const classpath = (home) =>
  fs
    .readdirSync(path.join(home, 'libs'))
    .filter((f) => f.endsWith('.jar'))
    .sort()
    .map((f) => path.join(home, 'libs', f))
    .join(path.delimiter)

/** Idempotent. Each step lands by rename, so that two installs at once, or a killed one, leave nothing half done. */
async function install(version, quiet) {
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

function compile(home) {
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

function land(from, to) {
  try {
    fs.renameSync(from, to)
  } catch (e) {
    if (e.code !== 'ENOTEMPTY' && e.code !== 'EEXIST') throw e
    fs.rmSync(from, { recursive: true, force: true })
  }
}

// ---- the cluster on disk --------------------------------------------------------------------------------------------------

const text = (props) =>
  Object.entries(props)
    .map(([k, v]) => `${k}=${String(v).replaceAll('\\', '\\\\')}\n`)
    .join('')
const read = (dir) =>
  fs.existsSync(path.join(dir, 'cluster.json'))
    ? JSON.parse(fs.readFileSync(path.join(dir, 'cluster.json'), 'utf8'))
    : undefined
const own = (dir) => read(dir) ?? fail(`no cluster in ${dir}: run "kafka start" first`)
const ids = (cluster) => Array.from({ length: cluster.brokers }, (_, i) => i + 1)
/** Ten ports a broker: +0 PLAINTEXT, +1 controller, +2 SSL, +3 SASL_PLAINTEXT, +4 SASL_SSL. */
const port = (cluster, id, slot = 0) => cluster.port + (id - 1) * 10 + slot
const bootstrap = (cluster, slot = 0) =>
  ids(cluster)
    .map((id) => `${HOST}:${port(cluster, id, slot)}`)
    .join(',')

function properties(cluster, dir, id) {
  const three = cluster.brokers > 1
  const listeners = [
    ['PLAINTEXT', 0],
    ...(cluster.secure
      ? [
          ['SSL', 2],
          ['SASL_PLAINTEXT', 3],
          ['SASL_SSL', 4],
        ]
      : []),
  ]
  const tls = path.join(dir, 'tls')
  return {
    'process.roles': 'broker,controller',
    'node.id': id,
    'controller.quorum.voters': ids(cluster)
      .map((n) => `${n}@${HOST}:${port(cluster, n, 1)}`)
      .join(','),
    'controller.listener.names': 'CONTROLLER',
    listeners: [...listeners, ['CONTROLLER', 1]]
      .map(([name, slot]) => `${name}://${HOST}:${port(cluster, id, slot)}`)
      .join(','),
    'advertised.listeners': listeners
      .map(([name, slot]) => `${name}://${HOST}:${port(cluster, id, slot)}`)
      .join(','),
    'listener.security.protocol.map': [
      ['CONTROLLER', 'PLAINTEXT'],
      ...listeners.map(([name]) => [name, name]),
    ]
      .map((p) => p.join(':'))
      .join(','),
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': path.join(dir, String(id), 'data'),
    'auto.create.topics.enable': false,
    'default.replication.factor': cluster.brokers,
    'min.insync.replicas': three ? 2 : 1,
    'offsets.topic.replication.factor': cluster.brokers,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': cluster.brokers,
    'transaction.state.log.min.isr': three ? 2 : 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': cluster.brokers,
    'share.coordinator.state.topic.min.isr': three ? 2 : 1,
    'share.coordinator.state.topic.num.partitions': 1,
    // quick: no wait for more members, short sessions allowed, dead brokers and dead transactions noticed soon
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    'group.consumer.min.session.timeout.ms': 1000,
    'group.consumer.min.heartbeat.interval.ms': 100,
    'broker.session.timeout.ms': 4000,
    'broker.heartbeat.interval.ms': 1000,
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1000,
    'controlled.shutdown.max.retries': 1,
    // small
    'num.network.threads': 2,
    'num.io.threads': 3,
    'background.threads': 2,
    'num.recovery.threads.per.data.dir': 1,
    'num.replica.fetchers': 1,
    'log.cleaner.threads': 1,
    'log.cleaner.dedupe.buffer.size': 16777216,
    'offsets.topic.segment.bytes': 16777216,
    'transaction.state.log.segment.bytes': 16777216,
    'message.max.bytes': 1048588,
    ...(cluster.secure && {
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': path.join(tls, 'broker.pem'),
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': path.join(tls, 'ca.pem'),
      'ssl.client.auth': 'requested',
      ...Object.fromEntries(
        ['sasl_plaintext', 'sasl_ssl'].flatMap((name) => [
          [
            `listener.name.${name}.plain.sasl.jaas.config`,
            `org.apache.kafka.common.security.plain.PlainLoginModule required ${cluster.users.map(([u, p]) => `user_${u}="${p}"`).join(' ')};`,
          ],
          ...['256', '512'].map((n) => [
            `listener.name.${name}.scram-sha-${n}.sasl.jaas.config`,
            'org.apache.kafka.common.security.scram.ScramLoginModule required;',
          ]),
        ]),
      ),
    }),
    ...(cluster.acl && {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS;User:admin',
      'allow.everyone.if.no.acl.found': false,
    }),
    ...cluster.set,
  }
}

/** A certificate authority, one broker certificate for localhost, one client certificate; and a stranger's authority to be refused. */
function certificates(dir) {
  const tls = path.join(dir, 'tls')
  if (fs.existsSync(path.join(tls, 'broker.pem'))) return
  fs.mkdirSync(tls, { recursive: true })
  const openssl = (...args) => exec('openssl', args, tls)
  for (const ca of ['ca', 'stranger'])
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '3650',
      '-subj',
      `/CN=kafka-kit ${ca}`,
      '-keyout',
      `${ca}.key`,
      '-out',
      `${ca}.pem`,
    )
  fs.writeFileSync(path.join(tls, 'san'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  for (const name of ['broker', 'client']) {
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    )
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '3650',
      '-extfile',
      'san',
      '-out',
      `${name}.crt`,
    )
    fs.writeFileSync(
      path.join(tls, `${name}.pem`),
      fs.readFileSync(path.join(tls, `${name}.key`), 'utf8') +
        fs.readFileSync(path.join(tls, `${name}.crt`), 'utf8') +
        fs.readFileSync(path.join(tls, 'ca.pem'), 'utf8'),
    )
  }
}

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

// ---- processes ------------------------------------------------------------------------------------------------------------

/** The pid of a broker that runs, not of a stranger that got its number. */
function pid(dir, name) {
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

function boot(cluster, dir, id) {
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

const gone = async (dir, name, ms) => {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(30))
    if (pid(dir, name) === undefined) return true
  return false
}

async function halt(dir, names, ms = 8000) {
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

// ---- asking a broker, without a JVM ---------------------------------------------------------------------------------------

/** One request, one answer, over a connection of its own. */
function ask(to, api, version, body, ms = 1500) {
  return new Promise((resolve, reject) => {
    const head = Buffer.alloc(14)
    head.writeInt32BE(10 + body.length, 0)
    head.writeInt16BE(api, 4)
    head.writeInt16BE(version, 6)
    head.writeInt32BE(7, 8)
    head.writeInt16BE(-1, 12)
    const socket = net.connect({ host: HOST, port: to })
    const chunks = []
    const end = (e, v) => {
      clearTimeout(timer)
      socket.destroy()
      e ? reject(e) : resolve(v)
    }
    const timer = setTimeout(() => end(new Error('no answer')), ms)
    socket
      .on('connect', () => socket.write(Buffer.concat([head, body])))
      .on('error', end)
      .on('close', () => end(new Error('closed')))
    socket.on('data', (d) => {
      chunks.push(d)
      const all = Buffer.concat(chunks)
      if (all.length >= 4 && all.length >= 4 + all.readInt32BE(0))
        end(undefined, all.subarray(8, 4 + all.readInt32BE(0)))
    })
  })
}

/** Metadata v4 with no topics: how many brokers this one knows, and whether there is a controller. */
async function metadata(to) {
  const b = await ask(to, 3, 4, Buffer.from([0, 0, 0, 0, 0]))
  let at = 4
  const string = () => {
    const n = b.readInt16BE(at)
    at += 2
    if (n < 0) return null
    at += n
    return b.toString('utf8', at - n, at)
  }
  const brokers = []
  at += 4
  for (let n = b.readInt32BE(at - 4); n > 0; n--) {
    brokers.push(b.readInt32BE(at))
    at += 4
    string()
    at += 4
    string()
  }
  string()
  return { brokers, controller: b.readInt32BE(at) }
}

/** FindCoordinator v2 makes the broker create the offsets or the transactions topic, so that the first test need not wait. */
async function coordinator(to, type) {
  const key = Buffer.from('kafka-kit')
  const body = Buffer.concat([Buffer.from([0, key.length]), key, Buffer.from([type])])
  return (await ask(to, 10, 2, body)).readInt16BE(4) === 0
}

async function ready(cluster, dir, wanted, ms = 60_000) {
  const deadline = Date.now() + ms
  const probe = async (id) => {
    const m = await metadata(port(cluster, id))
    return (
      wanted.every((n) => m.brokers.includes(n)) &&
      (await coordinator(port(cluster, id), 0)) &&
      (await coordinator(port(cluster, id), 1))
    )
  }
  for (const id of wanted) {
    for (;;) {
      try {
        if (await probe(id)) break
      } catch {}
      if (pid(dir, String(id)) === undefined)
        fail(`broker ${id} ended while booting:\n${tail(path.join(dir, String(id), 'log'))}`)
      if (Date.now() > deadline)
        fail(`broker ${id} did not answer in ${ms} ms:\n${tail(path.join(dir, String(id), 'log'))}`)
      await sleep(50)
    }
  }
}

const tail = (file, lines = 30) =>
  fs.existsSync(file)
    ? fs.readFileSync(file, 'utf8').split('\n').slice(-lines).join('\n')
    : '(no log)'
const taken = (p, host = HOST) =>
  new Promise((done) => {
    const s = net.connect({ host, port: p }, () => {
      s.destroy()
      done(true)
    })
    s.on('error', () => done(false)).setTimeout(2000, () => {
      s.destroy()
      done(true)
    })
  })

// ---- schema registry ------------------------------------------------------------------------------------------------------

const REGISTRY = '2.6.13.Final' // the newest that runs on Java 17; its store is in memory, a restart forgets every schema

async function registryInstall() {
  const home = path.join(HOME, `registry-${REGISTRY}`)
  if (fs.existsSync(home)) return home
  const began = Date.now()
  fs.mkdirSync(HOME, { recursive: true })
  const tmp = fs.mkdtempSync(path.join(HOME, 'registry.tmp-'))
  try {
    maven([
      `${PLUGIN}:copy`,
      `-Dartifact=io.apicurio:apicurio-registry-app:${REGISTRY}:tar.gz:all`,
      `-DoutputDirectory=${tmp}`,
    ])
    fs.mkdirSync(path.join(tmp, 'app'))
    exec('tar', [
      'xzf',
      path.join(
        tmp,
        fs.readdirSync(tmp).find((f) => f.endsWith('.tar.gz')),
      ),
      '-C',
      path.join(tmp, 'app'),
    ])
    land(path.join(tmp, 'app'), home)
  } finally {
    fs.rmSync(tmp, { recursive: true, force: true })
  }
  say(
    `registry ${REGISTRY}: ${(size(home) / 1048576).toFixed(0)} MB, installed in ${((Date.now() - began) / 1000).toFixed(1)} s`,
  )
  return home
}

/** Java behind, on the next port; in front a door that puts the Confluent paths at the root and asks for a password when told to. */
async function registry(dir, base, words, flags) {
  const front = base + 5,
    back = base + 6
  if (words[1] === 'stop') return halt(dir, ['door', 'registry'], 4000)
  if (words[1] === 'status') {
    const up = pid(dir, 'registry') !== undefined && pid(dir, 'door') !== undefined
    console.log(JSON.stringify({ up, url: `http://${HOST}:${front}` }))
    process.exitCode = up ? 0 : 1
    return
  }
  if (words[1] !== 'start') fail('registry start|stop|status')
  const home = await registryInstall()
  const began = Date.now()
  await halt(dir, ['door', 'registry'], 4000)
  for (const p of [front, back]) if (await taken(p)) fail(`port ${p} is taken`)
  const launch = (name, command, args, env) => {
    fs.mkdirSync(path.join(dir, name), { recursive: true })
    const log = fs.openSync(path.join(dir, name, 'log'), 'w')
    const child = spawn(command, args, {
      cwd: path.join(dir, name),
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...env },
    })
    child.on('error', (e) => say(`${command} did not start: ${e.message}`))
    fs.writeFileSync(path.join(dir, name, 'pid'), `${child.pid}\n`)
    fs.closeSync(log)
    child.unref()
  }
  launch('registry', 'java', [
    `-Dkit=${path.join(dir, 'registry')}`,
    '-Xmx256m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    `-Dquarkus.http.host=${HOST}`,
    `-Dquarkus.http.port=${back}`,
    '-cp',
    [
      path.join(home, `apicurio-registry-app-${REGISTRY}-runner.jar`),
      path.join(home, 'lib', '*'),
    ].join(path.delimiter),
    'io.quarkus.runner.GeneratedMain',
  ])
  launch(
    'door',
    process.execPath,
    [fileURLToPath(import.meta.url), 'door', path.join(dir, 'door')],
    { KIT_DOOR: JSON.stringify({ front, back, auth: flags.auth }) },
  )
  const headers = flags.auth
    ? { authorization: `Basic ${Buffer.from(flags.auth).toString('base64')}` }
    : {}
  for (const end = Date.now() + 60_000; ; await sleep(100)) {
    try {
      const r = await fetch(`http://${HOST}:${front}/config`, { headers })
      if (r.status === 200) break
    } catch {}
    if (pid(dir, 'registry') === undefined || Date.now() > end)
      fail(`the registry did not start:\n${tail(path.join(dir, 'registry', 'log'), 8)}`)
  }
  // Confluent's default level; this registry's own is NONE
  await fetch(`http://${HOST}:${front}/config`, {
    method: 'PUT',
    headers: { ...headers, 'content-type': 'application/json' },
    body: '{"compatibility":"BACKWARD"}',
  })
  say(`registry ${REGISTRY} up in ${((Date.now() - began) / 1000).toFixed(1)} s`)
  console.log(`SCHEMA_REGISTRY_URL=http://${HOST}:${front}`)
}

async function door() {
  const http = await import('node:http')
  const { front, back, auth } = JSON.parse(process.env.KIT_DOOR)
  const wanted = auth && `Basic ${Buffer.from(auth).toString('base64')}`
  http
    .createServer((request, answer) => {
      if (wanted && request.headers.authorization !== wanted) {
        answer.writeHead(401, {
          'content-type': 'application/json',
          'www-authenticate': 'Basic realm="registry"',
        })
        return answer.end('{"error_code":40101,"message":"Unauthorized"}')
      }
      const { authorization, ...headers } = request.headers
      const onward = http.request(
        {
          host: HOST,
          port: back,
          method: request.method,
          path: `/apis/ccompat/v7${request.url}`,
          headers,
        },
        (r) => {
          answer.writeHead(r.statusCode, r.headers)
          r.pipe(answer)
        },
      )
      onward.on('error', (e) => {
        if (!answer.headersSent) answer.writeHead(503, { 'content-type': 'application/json' })
        answer.end(JSON.stringify({ error_code: 50300, message: e.message }))
      })
      request.pipe(onward)
    })
    .listen(front, HOST)
}

// ---- verbs ----------------------------------------------------------------------------------------------------------------

async function start(dir, flags) {
  const began = Date.now()
  let cluster = read(dir)
  if (flags.fresh || !cluster) {
    if (cluster) {
      await halt(dir, [...ids(cluster).map(String), 'door', 'registry'], 3000)
      fs.rmSync(dir, { recursive: true, force: true })
    } else if (
      fs.existsSync(dir) &&
      fs.readdirSync(dir).some((f) => f !== 'registry' && f !== 'door')
    )
      fail(`${dir} is not empty and not a cluster of this kit`)
    cluster = undefined
  }
  const users = (flags.user ?? []).map((u) => [
    u.slice(0, u.indexOf(':')),
    u.slice(u.indexOf(':') + 1),
  ])
  if (!cluster) {
    const { version } = await install(flags.version ?? DEFAULT, true)
    cluster = {
      version,
      id: uuid(),
      brokers: Number(flags.brokers ?? 1),
      port: Number(flags.port ?? 9092),
      secure: flags.secure ?? false,
      acl: flags.acl ?? false,
      heap: flags.heap,
      users: [['admin', 'admin-secret'], ['alice', 'alice-secret'], ...users],
      set: {},
    }
    if (![1, 3].includes(cluster.brokers)) fail('--brokers is 1 or 3')
  } else {
    if (flags.version && flags.version !== cluster.version) {
      await install(flags.version, true)
      cluster.version = flags.version
    } // an upgrade in place
    else await install(cluster.version, true)
    cluster.users.push(...users)
  }
  for (const kv of flags.set ?? [])
    cluster.set[kv.slice(0, kv.indexOf('='))] = kv.slice(kv.indexOf('=') + 1)
  const down = ids(cluster).filter((id) => pid(dir, String(id)) === undefined)
  for (const id of down)
    for (const slot of cluster.secure ? [0, 1, 2, 3, 4] : [0, 1])
      if (await taken(port(cluster, id, slot))) fail(`port ${port(cluster, id, slot)} is taken`)
  fs.mkdirSync(dir, { recursive: true })
  if (cluster.secure) certificates(dir)
  fs.writeFileSync(path.join(dir, 'cluster.json'), JSON.stringify(cluster, null, 2))
  for (const id of down) boot(cluster, dir, id)
  await ready(cluster, dir, ids(cluster))
  if (cluster.secure && tool(cluster, ['user', ...cluster.users.flat()], {}) !== 0)
    fail('the users could not be made')
  say(
    `kafka ${cluster.version}, ${cluster.brokers} broker${cluster.brokers > 1 ? 's' : ''}, up in ${((Date.now() - began) / 1000).toFixed(1)} s`,
  )
  console.log(`KAFKA_BROKERS=${bootstrap(cluster)}`)
  if (cluster.secure) {
    console.log(
      `KAFKA_SSL_BROKERS=${bootstrap(cluster, 2)}\nKAFKA_SASL_BROKERS=${bootstrap(cluster, 3)}\nKAFKA_SASL_SSL_BROKERS=${bootstrap(cluster, 4)}`,
    )
    console.log(`KAFKA_TLS=${path.join(dir, 'tls')}`)
  }
}

async function restart(dir, cluster, id) {
  await halt(dir, [String(id)])
  const began = Date.now()
  boot(cluster, dir, id)
  await ready(
    cluster,
    dir,
    ids(cluster).filter((n) => pid(dir, String(n)) !== undefined),
  )
  say(`broker ${id} up in ${((Date.now() - began) / 1000).toFixed(1)} s`)
}

async function status(dir, cluster) {
  let well = true
  const brokers = []
  for (const id of ids(cluster)) {
    const p = pid(dir, String(id))
    const answer = p ? await metadata(port(cluster, id)).catch(() => undefined) : undefined
    well &&= answer !== undefined && answer.brokers.length === cluster.brokers
    const rss =
      p && fs.existsSync(`/proc/${p}/status`)
        ? Math.round(
            Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${p}/status`, 'utf8'))?.[1] ?? 0) /
              1024,
          )
        : undefined
    brokers.push({
      id,
      port: port(cluster, id),
      pid: p ?? null,
      answers: answer !== undefined,
      sees: answer?.brokers ?? [],
      ...(rss && { rssMB: rss }),
    })
  }
  console.log(
    JSON.stringify(
      { version: cluster.version, up: well, bootstrap: bootstrap(cluster), dir, brokers },
      null,
      2,
    ),
  )
  return well
}

/** Another server, which needs no cluster here: only jars. It must take connections, for a JVM would try for a minute. */
async function other(flags) {
  if (flags.port ?? flags.dir)
    fail('--bootstrap names another server, --port and --dir a cluster of this kit: one of them')
  const places = flags.bootstrap
    .split(',')
    .map(
      (a) =>
        /^(\[[^\]]+\]|[^:\s]+):(\d+)$/.exec(a) ??
        fail(`--bootstrap is HOST:PORT[,HOST:PORT…], not "${a}"`),
    )
  const answers = await Promise.all(
    places.map(([, host, p]) => taken(Number(p), host.replace(/[[\]]/g, ''))),
  )
  if (!answers.includes(true)) fail(`nothing listens on ${flags.bootstrap}`)
  return install(flags.version ?? DEFAULT, true)
}

/** Where a client asks, and as whom. */
function login(cluster, flags) {
  const { as, tls, bootstrap: elsewhere, sasl = flags.mechanism ?? 'SCRAM-SHA-512' } = flags
  if (!elsewhere && !cluster.secure)
    for (const name of ['as', 'tls'])
      if (flags[name]) fail(`--${name} needs a cluster that was started with --secure`)
  if (flags.sasl && !as) fail('--sasl says how to log in, --as name:password says who')
  const client = {
    'bootstrap.servers': elsewhere ?? bootstrap(cluster, as ? (tls ? 4 : 3) : tls ? 2 : 0),
    'client.id': 'kafka-kit',
    'security.protocol': `${as ? 'SASL_' : ''}${tls ? 'SSL' : 'PLAINTEXT'}`,
  }
  if (tls)
    Object.assign(client, {
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': fs.existsSync(tls)
        ? path.resolve(tls)
        : fail(`--tls: no file ${tls}`),
    })
  if (as) {
    const at = as.indexOf(':')
    if (at < 1) fail('--as name:password')
    if (!['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'].includes(sasl))
      fail(`--sasl PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, not ${sasl}`)
    const [name, password] = [as.slice(0, at), as.slice(at + 1)].map(
      (t) => `"${t.replace(/["\\]/g, '\\$&')}"`,
    )
    Object.assign(client, {
      'sasl.mechanism': sasl,
      'sasl.jaas.config': `org.apache.kafka.common.security.${sasl === 'PLAIN' ? 'plain.Plain' : 'scram.Scram'}LoginModule required username=${name} password=${password};`,
      'default.api.timeout.ms': '15000',
      'request.timeout.ms': '10000',
      'max.block.ms': '15000',
    })
  }
  return client
}

function tool(cluster, args, flags, input = 'ignore') {
  const home = path.join(HOME, cluster.version)
  compile(home)
  const client = login(cluster, flags)
  const words = [...args]
  for (const [name, value] of Object.entries(flags))
    if (!['port', 'dir', 'as', 'sasl', 'mechanism', 'tls', 'config'].includes(name))
      words.push(`--${name}=${value}`)
  if (flags.config) words.push('--config', ...flags.config)
  const run = spawnSync(
    'java',
    [
      '-Xmx512m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=off',
      '-Dlog4j2.loggerContextFactory=org.apache.logging.log4j.simple.SimpleLoggerContextFactory',
      '-cp',
      tools(home) + path.delimiter + classpath(home),
      'Tool',
      JSON.stringify(client),
      ...words,
    ],
    { stdio: [input, 'inherit', 'inherit'] },
  )
  return run.status ?? 1
}

const OPTIONS = {
  port: 'string',
  dir: 'string',
  brokers: 'string',
  version: 'string',
  fresh: 'boolean',
  set: 'list',
  secure: 'boolean',
  acl: 'boolean',
  user: 'list',
  heap: 'string',
  wipe: 'boolean',
  partitions: 'string',
  replicas: 'string',
  'if-missing': 'boolean',
  config: 'list',
  internal: 'boolean',
  partition: 'string',
  before: 'string',
  committed: 'boolean',
  settle: 'string',
  from: 'string',
  max: 'string',
  follow: 'string',
  hex: 'boolean',
  acks: 'string',
  transactional: 'string',
  batch: 'string',
  rate: 'string',
  compression: 'string',
  lenient: 'boolean',
  hang: 'boolean',
  delete: 'boolean',
  topic: 'string',
  group: 'string',
  txn: 'string',
  prefixed: 'boolean',
  ops: 'string',
  deny: 'boolean',
  as: 'string',
  mechanism: 'string',
  auth: 'string',
  bootstrap: 'string',
  sasl: 'string',
  tls: 'string',
  count: 'string',
}
const CLIENTS = ['dump', 'load', 'topic', 'offsets', 'groups', 'transactions', 'user', 'acl']

async function main() {
  const { values: flags, positionals: words } = parseArgs({
    allowPositionals: true,
    options: Object.fromEntries(
      Object.entries(OPTIONS).map(([k, t]) => [
        k,
        t === 'list' ? { type: 'string', multiple: true } : { type: t },
      ]),
    ),
  })
  const verb = words[0] ?? 'help'
  if (verb === 'help') return console.log(HELP.replace('@DEFAULT@', DEFAULT))
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
