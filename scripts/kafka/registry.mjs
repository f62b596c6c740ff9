/** A schema registry beside the cluster, and the door before it that speaks Confluent's paths. */
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { land, maven, PLUGIN, size } from './jars.mjs'
import { exec, fail, HOME, HOST, KIT, say, sleep } from './kit.mjs'
import { taken } from './probe.mjs'
import { halt, pid, tail } from './processes.mjs'

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
export async function registry(dir, base, words, flags) {
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
  launch('door', process.execPath, [path.join(KIT, 'kafka.mjs'), 'door', path.join(dir, 'door')], {
    KIT_DOOR: JSON.stringify({ front, back, auth: flags.auth }),
  })
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

/** What the process of the door runs. */
export function door() {
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
