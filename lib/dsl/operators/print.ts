/** Prints each record on one line, as Kafka Streams' `print` does, and lets it pass. */
import { inspect } from 'node:util'
import type { OperatorSupplier } from '../../topology/operator.ts'

/** Takes one line of text, its end included. */
export type Print = (line: string) => void

/** `[label]: key, value`; the label is the node's name unless given. */
export function print(label?: string, write: Print = toStdout): OperatorSupplier {
  return (context) => {
    const start = `[${label ?? context.node}]: `
    return {
      process(key, value, timestamp, headers) {
        write(`${start}${shown(key)}, ${shown(value)}\n`)
        context.forward(key, value, timestamp, headers)
      },
    }
  }
}

function toStdout(line: string): void {
  process.stdout.write(line)
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY, depth: 4 })
}
