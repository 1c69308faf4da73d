import { run } from '#core/host/run.ts'

/** Keys of 3072 bits on a busy machine take longest. */
const LIMITS = { timeoutMs: 60_000, maxBytes: 1 << 20 }

/** Runs a program that has to succeed; answers its standard output. */
export async function must(argv: readonly string[], stdin = ''): Promise<string> {
  const { code, stdout, stderr } = await run(argv, { ...LIMITS, stdin })
  if (code !== 0) throw new Error(`${argv.join(' ')} failed (${code}): ${stderr || stdout.toString()}`)
  return stdout.toString()
}
