/** The program inside a hand-made box. */
import { runInside } from '#systems/torbox/leak/inside-main.ts'

await runInside()
