"""
What drew this map until 2012, as a port to Python 3: server descriptors and a consensus are read line by line, nothing
is verified, addresses are looked up, eight KML files are written. Written anew from what that script did, so that it can
be timed on the machine of today. CONSENSUS DESCRIPTORS CITY.MMDB OUT
"""
import base64
import html
import os
import random
import sys
from string import Template

import maxminddb

FAST = 1000000
CLASSES = ['auth', 'bad', 'exitFast', 'exit', 'stableFast', 'stable', 'named', 'other']
HEAD = '''<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>Tor relays</name>
<Style id="%s"><IconStyle><Icon><href>%s.png</href></Icon></IconStyle></Style>
<Folder><name>%d %s</name>
'''
FOOT = '</Folder></Document></kml>\n'
PLACEMARK = Template('''<Placemark><name>$name</name><description><![CDATA[
<strong>IP:</strong> <a href="http://who.is/whois-ip/ip-address/$ip">$ip</a> <strong>ORPort:</strong> $orport
<strong>DirPort:</strong> $dirport <strong>Bandwidth:</strong> $bandwidth <strong>Flags:</strong> $flags
<strong>Up:</strong> $uptime <strong>Contact:</strong> $contact <strong>Policy:</strong> $policy
<strong>Fingerprint:</strong> <a href="https://atlas.torproject.org/#details/$id">$prettyid</a>
<strong>Version:</strong> $version]]></description><styleUrl>#$kind</styleUrl>
<Point><coordinates>$longitude,$latitude</coordinates></Point></Placemark>
''')


def descriptors(path):
    relays = {}
    one = {}
    with open(path, encoding='utf-8', errors='replace') as file:
        for line in file:
            if line.startswith('router '):
                one = {'contact': 'None', 'uptime': '0', 'bandwidth': '0 0 0', 'version': ''}
            elif line.startswith('platform '):
                one['version'] = line[9:].strip()
            elif line.startswith(('fingerprint ', 'opt fingerprint ')):
                relays[line.split('fingerprint ')[1].replace(' ', '').strip()] = one
            elif line.startswith('uptime '):
                one['uptime'] = line[7:].strip()
            elif line.startswith('bandwidth '):
                one['bandwidth'] = line[10:].strip()
            elif line.startswith('contact '):
                one['contact'] = html.escape(line[8:].strip())
    return relays


def consensus(path, known):
    relays = []
    one = {}
    with open(path, encoding='utf-8', errors='replace') as file:
        for line in file:
            if line.startswith('r '):
                word = line.split()
                identity = base64.b64decode(word[2] + '=').hex().upper()
                one = {'name': word[1], 'id': identity, 'ip': word[6], 'orport': word[7], 'dirport': word[8]}
                one.update(known.get(identity, {'contact': 'None', 'uptime': '0', 'bandwidth': '0 0 0', 'version': ''}))
                relays.append(one)
            elif line.startswith('s '):
                one['flags'] = line[2:].strip()
            elif line.startswith('p '):
                one['policy'] = line[2:].strip()
    return relays


def kind(relay):
    flags = relay['flags']
    fast = int(relay['bandwidth'].split()[2]) > FAST
    if 'Bad' in flags:
        return 'bad'
    if 'Authority' in flags:
        return 'auth'
    if 'Exit' in flags:
        return 'exitFast' if fast else 'exit'
    if 'Stable' in flags:
        return 'stableFast' if fast else 'stable'
    return 'named' if 'Named' in flags else 'other'


def main(consensus_path, descriptor_path, city_path, out):
    known = descriptors(descriptor_path) if descriptor_path else {}
    relays = consensus(consensus_path, known)
    classes = {name: [] for name in CLASSES}
    with maxminddb.open_database(city_path) as city:
        for relay in relays:
            place = (city.get(relay['ip']) or {}).get('location')
            if place and 'longitude' in place:
                relay['longitude'] = place['longitude'] + random.random() / 50
                relay['latitude'] = place['latitude'] + random.random() / 50
            identity = relay['id']
            relay['prettyid'] = ' '.join(identity[i:i + 4] for i in range(0, 40, 4))
            relay['kind'] = kind(relay)
            classes[relay['kind']].append(relay)
    for name, members in classes.items():
        with open(os.path.join(out, 'tormap_%s.kml' % name), 'w', encoding='utf-8') as file:
            file.write(HEAD % (name, name, len(members), name))
            for relay in members:
                file.write(PLACEMARK.safe_substitute(relay))
            file.write(FOOT)


main(*sys.argv[1:5])
