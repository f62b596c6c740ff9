// `npm run bench [-- OPTIONS]`: see scripts/bench/README.md.
import './strip-types.mjs'
import { install } from './install.mjs'

install({ everything: true })
await import('./bench/main.ts')
