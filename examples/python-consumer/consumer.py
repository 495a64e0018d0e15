"""Reads Postern's relay policies from Kafka into a dict, and decides whether a user may log in from an address.

    python3 consumer.py 127.0.0.1:9092                                   prints every change, until Ctrl-C
    python3 consumer.py 127.0.0.1:9092 app@acme.example 203.0.113.42     prints allow, deny or defer, and ends
"""
import ipaddress, json, os, re, sys, uuid
from datetime import datetime, timezone
from confluent_kafka import Consumer, KafkaError

TOPIC = os.environ.get('POSTERN_TOPIC', 'postern.relay-policies.v1')
TYPE = 'postern.RelayPolicy.v1'
SOURCE = 'urn:postern:relay-policies:'
MAPPED = ipaddress.ip_network('::ffff:0:0/96')
policies = {}  # username in lower case -> its relay policy


def username_key(text):
    """The username in lower case; None unless it has 1 to 254 printable ASCII characters."""
    return text.lower() if isinstance(text, str) and re.fullmatch(r'[\x21-\x7e]{1,254}', text) else None


def read_address(text):
    """Parses as docs/relays.md says. A mapped address becomes IPv4. None: invalid."""
    try:
        address = ipaddress.ip_address(text if isinstance(text, str) and '%' not in text else '')
    except ValueError:
        return None
    return getattr(address, 'ipv4_mapped', None) or address


def read_range(text):
    """Accepts only the canonical form: programs read other forms differently."""
    network = ipaddress.ip_network(text if isinstance(text, str) and '%' not in text else '')
    canonical = str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)
    if text != canonical or network.prefixlen == 0 or network.version == 6 and network.overlaps(MAPPED):
        raise ValueError(f'no canonical range: {text!r}')
    return network


def readable(policy):
    """Returns the policy. An invalid one raises an error, and so stops the consumer."""
    for entry in policy['entries']:
        read_range(entry['range'])
        if entry['expiresAt'] is not None:
            read_time(entry['expiresAt'])
    if policy['enforceAt'] is not None:
        read_time(policy['enforceAt'])
    if (username_key(policy['username']) is None or policy['mode'] not in ('enforce', 'report-only')
            or not isinstance(policy['restricted'], bool) or not isinstance(policy['removed'], bool)):
        raise ValueError(f'no readable policy: {policy!r}')
    return policy


def read_time(text):
    if not re.fullmatch(r'[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z', text):
        raise ValueError(f'no time as Postern sends it: {text!r}')
    return datetime.fromisoformat(text[:-1] + '+00:00')


def follow(brokers, **settings):
    """Applies all messages from the beginning. Yields each policy, and None at the end of all partitions."""
    consumer = Consumer({'bootstrap.servers': brokers, 'group.id': f'example-{uuid.uuid4()}', 'enable.auto.commit': False,
                         'auto.offset.reset': 'earliest', 'enable.partition.eof': True, **settings})
    source, ended, partitions = None, set(), consumer.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
    consumer.subscribe([TOPIC])
    while True:
        message = consumer.poll(1.0)
        if message and not message.error():
            envelope = json.loads(message.value())
            source = source or envelope['source']
            if envelope['type'] != TYPE or envelope['source'] != source or not source.startswith(SOURCE):
                raise ValueError(f"a message of another type or database: {envelope['type']!r} of {envelope['source']!r}")
            policy = readable(envelope['data'])
            key = username_key(policy['username'])
            # After partitions were added, an older policy can be in another partition.
            if key not in policies or policy['revision'] >= policies[key]['revision']:
                policies[key] = policy
            yield policy
        elif message and message.error().code() == KafkaError._PARTITION_EOF:
            ended.add(message.partition())
            if len(ended) == len(partitions):
                yield None
        elif message:
            print(message.error(), file=sys.stderr)  # for example, a broker is down: the client tries again


def decide(username, ip):
    """An unknown user is deferred. A user whose entries have all expired is denied, not unrestricted."""
    policy = policies.get(username_key(username))
    if policy is None or policy['removed']:
        return 'defer'
    if not policy['restricted']:
        return 'allow'
    address, now = read_address(ip), datetime.now(timezone.utc)
    if address is None:
        return 'deny'  # in report-only too: it could match any entry
    live = [e for e in policy['entries'] if e['expiresAt'] is None or read_time(e['expiresAt']) > now]
    enforced = policy['mode'] == 'enforce' or policy['enforceAt'] is not None and read_time(policy['enforceAt']) <= now
    matches = any(address in read_range(e['range']) for e in live)
    return 'deny' if enforced and not matches else 'allow'


def digest():
    """The digest of all policies, as in Postern's heartbeats (docs/relays.md)."""
    total = 0
    for policy in policies.values():
        if policy['removed']:
            continue
        fields = [username_key(policy['username']), policy['smtpUserId'], str(policy['version']),
                  '1' if policy['restricted'] else '0', policy['mode'], policy['enforceAt'] or '']
        entries = [f"\n{entry['range']}\t{entry['expiresAt'] or ''}" for entry in policy['entries']]
        value = 0xcbf29ce484222325
        for byte in ('\t'.join(fields) + ''.join(entries)).encode('ascii'):
            value = (value ^ byte) * 0x100000001b3 % 2**64
        total ^= value
    return f'{total:016x}'


if __name__ == '__main__':
    if len(sys.argv) not in (2, 4):
        print('usage: python3 consumer.py <brokers> [<username> <ip>]', file=sys.stderr)
        sys.exit(2)
    brokers, *question = sys.argv[1:]
    try:
        for policy in follow(brokers):
            if policy and not question:
                print(json.dumps(policy), flush=True)
            elif policy is None and question:
                sys.exit(print(decide(*question)))
    except KeyboardInterrupt:
        pass
