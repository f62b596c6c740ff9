// `npm run bench:micro [-- WORD …]`: parts of the hot path one by one; only those with a word in their name.
import '../strip-types.mjs'
import { install } from '../install.mjs'

install({ everything: true })
await import('./micro/main.ts')
