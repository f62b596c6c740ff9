/** Which names a topic may have. */

const MAX_LENGTH = 249

/** Why it may not; undefined: it may. */
export function topicNameProblem(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return `Topic name '${name}' is not allowed`
  if (name.length > MAX_LENGTH) return `Topic name is longer than ${MAX_LENGTH} characters`
  return /^[\w.-]+$/.test(name)
    ? undefined
    : `Topic name '${name}' has characters other than letters, digits, '.', '_' and '-'`
}
