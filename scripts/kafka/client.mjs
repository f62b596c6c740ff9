/** Asks a cluster, or another server, through the Java tool: where, as whom, with which words. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { bootstrap } from './cluster.mjs'
import { classpath, compile, install, tools } from './jars.mjs'
import { DEFAULT, fail, HOME } from './kit.mjs'
import { taken } from './probe.mjs'

/** Another server, which needs no cluster here: only jars. It must take connections, for a JVM would try for a minute. */
export async function other(flags) {
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

export function tool(cluster, args, flags, input = 'ignore') {
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
