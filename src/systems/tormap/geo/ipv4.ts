/** The number of an IPv4 address's text, -1 for anything else. Makes no garbage: it is asked for every relay. Pure. */
export function ipv4Number(text: string): number {
  let address = 0
  let octet = -1
  let octets = 0
  for (let index = 0; index <= text.length; index += 1) {
    const digit = index === text.length ? DOT : text.charCodeAt(index) - ZERO
    if (digit === DOT) {
      if (octet < 0 || octets === 4) return -1
      address = address * 256 + octet
      octet = -1
      octets += 1
      continue
    }
    // A leading zero would mean octal to some readers.
    if (digit < 0 || digit > 9 || octet === 0) return -1
    octet = octet < 0 ? digit : octet * 10 + digit
    if (octet > 255) return -1
  }
  return octets === 4 ? address : -1
}

const ZERO = 48
/** The dot, counted from the digit zero. */
const DOT = -2
