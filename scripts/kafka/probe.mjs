/** Asks brokers without a JVM: whom one knows, whether it is ready, whether a port is taken. */
import net from 'node:net'
import path from 'node:path'
import { port } from './cluster.mjs'
import { fail, HOST, sleep } from './kit.mjs'
import { pid, tail } from './processes.mjs'

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
export async function metadata(to) {
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

export async function ready(cluster, dir, wanted, ms = 60_000) {
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

export const taken = (p, host = HOST) =>
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
