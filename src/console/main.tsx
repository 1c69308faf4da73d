import { render } from 'preact'
import { startKeys } from './shell/keys.ts'
import { Shell } from './shell/shell.tsx'
import { startTitle } from './shell/title.ts'
import { startClock } from './state/clock.ts'
import { startLive } from './state/live.ts'
import { startRouter } from './state/router.ts'
import { startTheme } from './state/theme.ts'
import { startToken } from './state/token.ts'

startToken()
startTheme()
startClock()
startRouter()
startKeys()
startLive()
startTitle()
render(<Shell />, document.body)
