/** The command line: what help says, and the options that are taken. */
import { parseArgs } from 'node:util'
import { DEFAULT } from './kit.mjs'

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

/** Verbs that ask a server, and may ask another one than the kit's. */
export const CLIENTS = ['dump', 'load', 'topic', 'offsets', 'groups', 'transactions', 'user', 'acl']

/** Words and flags of this process. */
export function commandLine() {
  const { values: flags, positionals: words } = parseArgs({
    allowPositionals: true,
    options: Object.fromEntries(
      Object.entries(OPTIONS).map(([k, t]) => [
        k,
        t === 'list' ? { type: 'string', multiple: true } : { type: t },
      ]),
    ),
  })
  return { flags, words }
}

export const help = () => HELP.replace('@DEFAULT@', DEFAULT)
