declare const NOC_VERSION: string | undefined

/** The version of package.json, put in by the build. */
export const VERSION: string = typeof NOC_VERSION === 'string' ? NOC_VERSION : 'development'
