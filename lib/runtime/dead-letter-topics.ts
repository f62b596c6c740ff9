/** The dead-letter topics that policies name; those of a function are not known before it runs. */
import type { ErrorPolicies, ErrorPolicy } from '../core/errors.ts'
import type { Program } from '../topology/nodes.ts'

export function deadLetterTopics(program: Program, errors: ErrorPolicies): readonly string[] {
  const policies: (ErrorPolicy | undefined)[] = [errors.decode, errors.process, errors.produce]
  for (const node of program.nodes.values())
    if (node.kind === 'source') policies.push(node.decode)
  const topics = policies.flatMap((policy) =>
    typeof policy === 'object' ? [policy.deadLetter] : [],
  )
  return [...new Set(topics)]
}
