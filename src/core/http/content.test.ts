import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { bytesContent, contentResponse, isContent, jsonContent } from './content.ts'

const big = { relays: Array.from({ length: 5000 }, (_, index) => index % 7) }

describe('an answer', () => {
  it('goes compressed to who takes it so, and is the same document for everybody', async () => {
    const content = await jsonContent(big)
    const small = contentResponse(content, 'br, gzip', undefined)
    const plain = contentResponse(content, undefined, undefined)
    assert.equal(small.headers.get('content-encoding'), 'gzip')
    assert.equal(plain.headers.get('content-encoding'), null)
    assert.deepEqual([small.headers.get('vary'), plain.headers.get('vary')], ['accept-encoding', 'accept-encoding'])
    const unpacked = gunzipSync(Buffer.from(await small.arrayBuffer()))
    assert.deepEqual(JSON.parse(unpacked.toString()), big)
    assert.deepEqual(await plain.json(), big)
  })

  it('is not sent again to who has it, and is when it changed', async () => {
    const content = await jsonContent(big)
    const again = contentResponse(content, 'gzip', `"other", ${content.etag}`)
    assert.deepEqual([again.status, await again.text()], [304, ''])
    const changed = await jsonContent({ ...big, more: 1 })
    assert.equal(contentResponse(changed, 'gzip', content.etag ?? '').status, 200)
  })

  it('is asked for anew unless it was said to stay', async () => {
    const control = async (maxAge?: number): Promise<string | null> =>
      contentResponse(await jsonContent(big, maxAge === undefined ? {} : { maxAge }), undefined, undefined).headers.get(
        'cache-control',
      )
    assert.deepEqual([await control(), await control(3600)], ['no-cache', 'private, max-age=3600'])
  })

  it('of a few bytes goes as it is', async () => {
    const content = await jsonContent({ on: true })
    const response = contentResponse(content, 'gzip', undefined)
    assert.deepEqual([content.gzip, response.headers.get('etag'), await response.text()], [null, null, '{"on":true}'])
  })

  it('that is a file keeps its bytes, its type and its name', async () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index % 251).subarray(3)
    const content = await bytesContent('application/zip', bytes, { fileName: 'map.kmz' })
    const response = contentResponse(content, 'gzip', undefined)
    assert.equal(response.headers.get('content-type'), 'application/zip')
    assert.equal(response.headers.get('content-disposition'), 'attachment; filename="map.kmz"')
    assert.deepEqual(new Uint8Array(await response.arrayBuffer()), new Uint8Array(bytes))
    assert.deepEqual([isContent(content), isContent({ ...content }), isContent(null)], [true, false, false])
  })
})
