import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NocError } from '../../errors.ts'
import { findBlock, marksOf, spliceBlock } from './block.ts'
import { fileBlock, nextText } from './kinds/file-block.ts'
import { createHost } from './host.ts'

const marks = marksOf('test', '#')
// Lines that are our marks, or nearly, among ordinary ones.
const line = fc.oneof(
  fc.constantFrom(marks.begin, marks.end, `${marks.begin} `, '# >>> noc:other', ' # >>> noc:test', '', '\r'),
  fc.string(),
)
const text = fc.tuple(fc.array(line), fc.constantFrom('', '\n', '\r\n')).map(([lines, end]) => lines.join('\n') + end)

function splice(before: string, content: string | null): string | null {
  try {
    return spliceBlock(before, marks, content)
  } catch (error) {
    assert.ok(error instanceof NocError)
    return null
  }
}

test('a block goes to the end, stays where it is when it changes, and leaves no trace', () => {
  const first = spliceBlock('a\nb', marks, 'one')
  assert.equal(first, 'a\nb\n# >>> noc:test\none\n# <<< noc:test\n')
  const second = spliceBlock(`${first}c\n`, marks, 'two\n')
  assert.equal(second, 'a\nb\n# >>> noc:test\ntwo\n# <<< noc:test\nc\n')
  assert.equal(spliceBlock(second, marks, null), 'a\nb\nc\n')
})

test('the same block twice is the same text, and what was put in is found, in any text', () => {
  fc.assert(
    fc.property(text, text, (before, content) => {
      const once = splice(before, content)
      if (once === null) return
      assert.equal(splice(once, content), once)
      const found = findBlock(once, marks)?.content
      assert.equal(found, content === '' || content.endsWith('\n') ? content : `${content}\n`)
    }),
  )
})

test('undo brings back any text exactly, and keeps what others changed around the block', async () => {
  const params = { path: '/x', name: 'test', content: 'ours' }
  const host = createHost({})
  await fc.assert(
    fc.asyncProperty(text, text, async (before, theirs) => {
      if (splice(before, 'ours') === null) return
      const now = { block: findBlock(before, marks)?.content ?? null, text: before }
      const after = await fileBlock.want(params, now, host)
      assert.equal(fileBlock.same?.(await fileBlock.want(params, after, host), after), true)
      assert.equal(nextText(params, now, after), before)
      const edited = { ...after, text: `${theirs.replaceAll('noc:test', '')}\n${after.text}` }
      if (now.block === null) assert.equal(findBlock(nextText(params, now, edited) ?? '', marks), null)
    }),
  )
})

test('marks that were torn apart or stand there twice are told, not guessed at', () => {
  const block = '# >>> noc:test\nx\n# <<< noc:test\n'
  const torn = ['# >>> noc:test\nx\n', 'x\n# <<< noc:test\n', block + block, `${marks.end}\n${marks.begin}\n`]
  for (const before of torn) assert.throws(() => spliceBlock(before, marks, 'y'), /stand around one block/)
  assert.throws(() => spliceBlock('', marks, block), /stand around one block/)
})
