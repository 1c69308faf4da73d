/** `noc`: argv -> system -> command -> exit code. (bin/noc has answered `--version` already.) */
import { runCommandLine } from './house/command-line.ts'
import { VERSION } from './house/version.ts'

process.exitCode = await runCommandLine(process.argv.slice(2), VERSION)
