/**
 * Eight bytes that two members share when their tasks mean the same: sub-topologies, their topics,
 * their stores with kind and format. Code is not part of it.
 */
import { createHash } from 'node:crypto'
import type { SourceNode, SubTopology } from '../topology/nodes.ts'

const FINGERPRINT_BYTES = 8

export function fingerprintOf(subTopologies: readonly SubTopology[]): Buffer {
  const lines = subTopologies.flatMap((subTopology) => [
    `sub-topology ${subTopology.id}`,
    ...subTopology.sources.flatMap((source) => sourceLines(subTopology.id, source)),
    ...subTopology.stores.map(
      (store) => `store ${subTopology.id} ${store.name} ${store.kind} ${store.format}`,
    ),
  ])
  return createHash('sha256')
    .update([...new Set(lines)].sort().join('\n'))
    .digest()
    .subarray(0, FINGERPRINT_BYTES)
}

function sourceLines(id: string, source: SourceNode): string[] {
  if (source.topics instanceof RegExp) return [`source ${id} /${source.topics.source}/`]
  const word = source.internal ? 'internal' : 'source'
  return source.topics.map((topic) => `${word} ${id} ${topic}`)
}
