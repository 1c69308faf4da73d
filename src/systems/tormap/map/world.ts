/** The plane that the map is drawn on: world units, the same at every zoom, so that zooming projects nothing anew. */
import { geoNaturalEarth1, type GeoProjection } from 'd3-geo'

/** World units a radian. */
const SCALE = 1000
/** Degrees; turned so far, the map's edge runs through the Bering Strait and cuts no land but a corner. */
const CENTRE_MERIDIAN = 11

function projection(precision: number): GeoProjection {
  return geoNaturalEarth1().rotate([-CENTRE_MERIDIAN, 0]).scale(SCALE).translate([0, 0]).precision(precision)
}

/** For borders: straight from point to point, because borders along parallels are straight on this projection. */
export const straight: GeoProjection = projection(0)
/** For great circles: bent where they must be. */
export const curved: GeoProjection = projection(0.5)

/** Degrees to world units. */
export function toWorld(longitude: number, latitude: number): readonly [x: number, y: number] {
  return straight([longitude, latitude]) ?? [0, 0]
}

/** A part of the plane, world units. */
export interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** What can be looked at: all longitudes; from the Southern Ocean to the north of Greenland. */
export const WORLD: Box = {
  left: toWorld(CENTRE_MERIDIAN - 179.999, 0)[0],
  right: toWorld(CENTRE_MERIDIAN + 179.999, 0)[0],
  top: toWorld(CENTRE_MERIDIAN, 80)[1],
  bottom: toWorld(CENTRE_MERIDIAN, -57)[1],
}

function box(west: number, east: number, south: number, north: number): Box {
  const middle = (west + east) / 2
  // Parallels are straight and shorter towards the poles.
  const widest = south > 0 ? south : 0
  return {
    left: toWorld(west, widest)[0],
    right: toWorld(east, widest)[0],
    top: toWorld(middle, north)[1],
    bottom: toWorld(middle, south)[1],
  }
}

/** Parts of the world that one key press shows: those where most relays are. */
export const REGIONS: readonly (readonly [name: string, box: Box])[] = [
  ['World', WORLD],
  ['Europe', box(-11, 41, 35, 66)],
  ['N. America', box(-125, -66, 25, 54)],
  ['Asia', box(68, 146, -10, 46)],
]
