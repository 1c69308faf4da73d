// `npm start`: installs, builds, and becomes `noc up`. Arguments after -- go to it.
import { build } from './setup.mjs'

await build()
process.argv.splice(2, 0, 'up')
await import('../dist/noc.js')
