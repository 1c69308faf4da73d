/** `noc`: argv -> system -> command -> exit code. `--version` is answered before anything else is loaded. */
declare const NOC_VERSION: string | undefined

const argv = process.argv.slice(2)
const version = typeof NOC_VERSION === 'string' ? NOC_VERSION : 'development'

if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  process.stdout.write(`${version}\n`)
} else {
  const { runCommandLine } = await import('./house/command-line.ts')
  process.exitCode = await runCommandLine(argv, version)
}

export {}
