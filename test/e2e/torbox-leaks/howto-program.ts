/** Runs the leak test on the HOWTO's rules, inside a test network; prints the report. Its argument says which rules. */
import { type HowtoOptions, howtoLab } from './plain-lab.ts'
import { printReport } from './print-report.ts'

const lab = await howtoLab(JSON.parse(process.argv[2] ?? '') as HowtoOptions)
await printReport(lab)
