/** A cluster's life: start, the restart of a broker, and how all of them are. */
import fs from 'node:fs'
import path from 'node:path'
import { certificates } from './certificates.mjs'
import { tool } from './client.mjs'
import { bootstrap, ids, port, read } from './cluster.mjs'
import { install } from './jars.mjs'
import { DEFAULT, fail, say, uuid } from './kit.mjs'
import { metadata, ready, taken } from './probe.mjs'
import { boot, halt, pid } from './processes.mjs'

export async function start(dir, flags) {
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

export async function restart(dir, cluster, id) {
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

export async function status(dir, cluster) {
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
