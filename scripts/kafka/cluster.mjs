/** A cluster as it stands on disk: what it was started with, its ports, the properties of its brokers. */
import fs from 'node:fs'
import path from 'node:path'
import { fail, HOST } from './kit.mjs'

export const text = (props) =>
  Object.entries(props)
    .map(([k, v]) => `${k}=${String(v).replaceAll('\\', '\\\\')}\n`)
    .join('')

export const read = (dir) =>
  fs.existsSync(path.join(dir, 'cluster.json'))
    ? JSON.parse(fs.readFileSync(path.join(dir, 'cluster.json'), 'utf8'))
    : undefined

export const own = (dir) => read(dir) ?? fail(`no cluster in ${dir}: run "kafka start" first`)

export const ids = (cluster) => Array.from({ length: cluster.brokers }, (_, i) => i + 1)

/** Ten ports a broker: +0 PLAINTEXT, +1 controller, +2 SSL, +3 SASL_PLAINTEXT, +4 SASL_SSL. */
export const port = (cluster, id, slot = 0) => cluster.port + (id - 1) * 10 + slot

export const bootstrap = (cluster, slot = 0) =>
  ids(cluster)
    .map((id) => `${HOST}:${port(cluster, id, slot)}`)
    .join(',')

export function properties(cluster, dir, id) {
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
