/** An embedded broker as a process of its own: `broker.ts DIR PORT`; prints its address. */
import { startBroker } from '../../lib/broker.ts'

const [dir = '', port = '0'] = process.argv.slice(2)
const { address } = await startBroker({ dir, port: Number(port) })
process.stdout.write(`listening on ${address}\n`)
