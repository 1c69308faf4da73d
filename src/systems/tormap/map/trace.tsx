import { geoStream, type GeoPermissibleObjects, type GeoProjection } from 'd3-geo'

/** A shape in world units, and the box around it. */
export interface Traced {
  readonly path: Path2D
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** A shape in degrees as a path in world units; rings are closed. Its own sink, since d3's knows no Path2D and no box. */
export function trace(projection: GeoProjection, shape: GeoPermissibleObjects): Traced {
  const path = new Path2D()
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  let starts = true
  let inRing = false
  geoStream(
    shape,
    projection.stream({
      point: (x, y) => {
        if (starts) path.moveTo(x, y)
        else path.lineTo(x, y)
        starts = false
        left = Math.min(left, x)
        right = Math.max(right, x)
        top = Math.min(top, y)
        bottom = Math.max(bottom, y)
      },
      lineStart: () => {
        starts = true
      },
      lineEnd: () => {
        if (inRing) path.closePath()
      },
      polygonStart: () => {
        inRing = true
      },
      polygonEnd: () => {
        inRing = false
      },
    }),
  )
  return { path, left, top, right, bottom }
}
