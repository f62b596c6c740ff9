// Finds a real Kafka for the integration tier: KAFKA_BROKERS, else Docker, else Java and Maven.
import { spawnSync } from 'node:child_process'

const KIT = 'scripts/kafka/kafka.mjs'
const PORT = 21092
const VERSION = '4.1.1'
const IMAGE = `apache/kafka:${VERSION}`

const kit = (...args) =>
  spawnSync(process.execPath, [KIT, ...args, '--port', `${PORT}`], {
    stdio: ['ignore', 'pipe', 2],
    encoding: 'utf8',
  })

const has = (command) => spawnSync(command, ['-version'], { stdio: 'ignore' }).status === 0
const hasJava = () => has('java') && has('mvn')

/**
 * `{ env, where, stop }`, or `{ notRun: reason }`. Tests may start other versions where `KAFKA_KIT`
 * says by what; a user who names a cluster wants that one tested.
 */
export async function findKafka() {
  if (process.env.KAFKA_BROKERS !== undefined)
    return {
      env: {},
      where: `KAFKA_BROKERS=${process.env.KAFKA_BROKERS}`,
      stop: async () => undefined,
    }
  return (await fromDocker()) ?? fromJava()
}

async function fromDocker() {
  const { getContainerRuntimeClient, GenericContainer, Wait } = await import('testcontainers')
  try {
    await getContainerRuntimeClient()
  } catch {
    return undefined
  }
  // The image's own listener is told to clients as localhost:9092, so that is where it must be.
  const container = await new GenericContainer(IMAGE)
    .withExposedPorts({ container: 9092, host: 9092 })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .start()
  return {
    env: {
      KAFKA_BROKERS: 'localhost:9092',
      KAFKA_VERSION: VERSION,
      ...(hasJava() ? { KAFKA_KIT: KIT } : {}),
    },
    where: `${IMAGE} in Docker`,
    stop: async () => {
      await container.stop()
    },
  }
}

function fromJava() {
  if (!hasJava())
    return {
      notRun: 'set KAFKA_BROKERS, or install Docker, or Java 17 with Maven (neither was found)',
    }
  const started = kit('start', '--fresh', '--version', VERSION)
  const brokers = /KAFKA_BROKERS=(\S+)/.exec(started.stdout)?.[1]
  if (started.status !== 0 || brokers === undefined)
    return { notRun: `${KIT} start failed: see above` }
  return {
    env: { KAFKA_BROKERS: brokers, KAFKA_VERSION: VERSION, KAFKA_KIT: KIT },
    where: 'Apache Kafka from Java jars, on loopback',
    stop: async () => {
      kit('stop', '--wipe')
    },
  }
}
