import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { plural, visible } from '../../console/format.ts'
import { Mark } from '../../console/ui/mark.tsx'
import { Name } from '../../console/ui/name.tsx'
import type { CloseResult } from './wire.ts'

/** Lines shown before "Show all". */
const SHORT = 8

/** The sockets of a plan. */
export function Sockets({ sockets }: { readonly sockets: CloseResult['sockets'] }): JSX.Element {
  const all = useSignal(false)
  const shown = all.value ? sockets : sockets.slice(0, SHORT)
  return (
    <>
      <div class="table-box scroll">
        <table>
          <thead>
            <tr>
              <th>From</th>
              <th>To</th>
              <th class="medium">State</th>
              <th class="medium">Process</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((socket) => (
              <tr key={`${socket.local} ${socket.remote}`}>
                <td>
                  <Name text={socket.local} width={40} mono />
                </td>
                <td>
                  <Name text={socket.remote} width={40} mono />
                </td>
                <td class="medium faint">{socket.state}</td>
                <td class="medium">
                  <Name text={socket.process ?? 'unknown'} width={20} />
                  {socket.pid !== null && <span class="unit"> pid {socket.pid}</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {sockets.length > shown.length && (
        <footer>
          <small>
            {SHORT} of {sockets.length} shown
          </small>
          <button type="button" class="button small" onClick={() => (all.value = true)}>
            Show all
          </button>
        </footer>
      )}
    </>
  )
}

/** What became of a plan. */
export function Outcome({ result }: { readonly result: CloseResult }): JSX.Element {
  return (
    <div class="body stack" role="status">
      <p>
        <Mark state={result.failed.length > 0 ? 'warning' : 'ok'} word={result.failed.length > 0 ? 'partly' : 'done'} />{' '}
        <strong>
          Closed {result.closed} of {plural(result.found, 'connection')}.
        </strong>
      </p>
      {result.failed.length > 0 && (
        <ul class="failed">
          {result.failed.slice(0, SHORT).map((one) => (
            <li key={one.socket}>
              <code>{visible(one.socket)}</code> {visible(one.why)}
            </li>
          ))}
          {result.failed.length > SHORT && <li>{result.failed.length - SHORT} more</li>}
        </ul>
      )}
    </div>
  )
}
