/** Where the sample's relays stand: real cities, and about as many relays in each as a network like Tor's would have. */

export interface SampleCity {
  readonly country: string
  readonly city: string
  readonly longitude: number
  readonly latitude: number
  /** Share of the relays, in no unit. */
  readonly share: number
}

const TABLE = `
DE Frankfurt 8.68 50.11 22|DE Nuremberg 11.08 49.45 16|DE Berlin 13.40 52.52 9|DE Falkenstein 12.37 50.48 9
DE Munich 11.58 48.14 4|DE Hamburg 9.99 53.55 4|DE Düsseldorf 6.78 51.22 3|NL Amsterdam 4.90 52.37 20|NL Rotterdam 4.48 51.92 3
FR Paris 2.35 48.86 9|FR Roubaix 3.17 50.69 8|FR Strasbourg 7.75 48.58 6|FR Gravelines 2.13 50.99 5|FI Helsinki 24.94 60.17 11
SE Stockholm 18.07 59.33 7|SE Malmö 13.00 55.60 2|CH Zurich 8.54 47.37 8|CH Geneva 6.14 46.20 2|AT Vienna 16.37 48.21 6
GB London -0.13 51.51 9|GB Manchester -2.24 53.48 1|PL Warsaw 21.01 52.23 5|LU Luxembourg 6.13 49.61 4|RO Bucharest 26.10 44.43 6
MD Chișinău 28.86 47.01 3|CZ Prague 14.42 50.09 4|NO Oslo 10.75 59.91 3|DK Copenhagen 12.57 55.68 2|IT Milan 9.19 45.46 3
IT Rome 12.50 41.90 1|ES Madrid -3.70 40.42 3|PT Lisbon -9.14 38.72 2|BE Brussels 4.35 50.85 2|HU Budapest 19.04 47.50 2
BG Sofia 23.32 42.70 2|UA Kyiv 30.52 50.45 3|LV Riga 24.11 56.95 2|LT Vilnius 25.28 54.69 2|EE Tallinn 24.75 59.44 1
IS Reykjavík -21.94 64.15 2|IE Dublin -6.26 53.35 2|GR Athens 23.73 37.98 1|RU Moscow 37.62 55.76 4
US Ashburn -77.49 39.04 7|US NewYork -74.01 40.71 7|US Dallas -96.80 32.78 5|US LosAngeles -118.24 34.05 5|US Seattle -122.33 47.61 4
US Chicago -87.63 41.88 4|US Miami -80.19 25.76 3|US SaltLakeCity -111.89 40.76 4|US Denver -104.99 39.74 2|US SanJose -121.89 37.34 3
CA Montréal -73.57 45.50 6|CA Toronto -79.38 43.65 3|CA Vancouver -123.12 49.28 2|MX MexicoCity -99.13 19.43 1|CR SanJosé -84.08 9.93 1
PA Panamá -79.52 8.98 1|BR SãoPaulo -46.63 -23.55 2|AR BuenosAires -58.38 -34.60 1|CL Santiago -70.65 -33.46 1|CO Bogotá -74.07 4.71 1
JP Tokyo 139.69 35.69 4|JP Osaka 135.50 34.69 1|SG Singapore 103.82 1.35 4|HK HongKong 114.17 22.32 2|TW Taipei 121.57 25.03 1
KR Seoul 126.98 37.57 1|IN Bengaluru 77.59 12.97 1|IN Mumbai 72.88 19.08 1|TH Bangkok 100.50 13.76 1|MY KualaLumpur 101.69 3.14 1
ID Jakarta 106.85 -6.21 1|KZ Almaty 76.89 43.24 1|IL TelAviv 34.78 32.09 1|TR Istanbul 28.98 41.01 1|GE Tbilisi 44.79 41.72 1
ZA Johannesburg 28.05 -26.20 2|ZA CapeTown 18.42 -33.92 1|KE Nairobi 36.82 -1.29 1|SC Victoria 55.45 -4.62 1|NG Lagos 3.38 6.52 1
AU Sydney 151.21 -33.87 3|AU Perth 115.86 -31.95 1|NZ Auckland 174.76 -36.85 2`

/** The table, with the blanks back in names of several words. */
export const sampleCities: readonly SampleCity[] = TABLE.trim()
  .split(/[|\n]/)
  .map((row) => {
    const [country = '', name = '', longitude, latitude, share] = row.split(' ')
    return {
      country,
      city: name.replace(/(?<=\p{Ll})(?=\p{Lu})/gu, ' '),
      longitude: Number(longitude),
      latitude: Number(latitude),
      share: Number(share),
    }
  })
