import type { JSX } from 'preact'
import { visible } from '../format.ts'
import { path } from '../state/router.ts'

/** For an address that stands for nothing. */
export function NotFoundPage(): JSX.Element {
  return (
    <div class="page">
      <section class="answer">
        <h1>There is no such page.</h1>
        <p>
          Nothing answers at <code>{visible(path.value)}</code>. A system that is not installed or not enabled has no
          page.{' '}
          <a class="link" href="/">
            Go to Tonight
          </a>
        </p>
      </section>
    </div>
  )
}
