"""Keeps Postern's relay policies in a dict, from Kafka, and answers: may this user log in from this address?

    python3 consumer.py 127.0.0.1:9092                                   prints every change, until Ctrl-C
    python3 consumer.py 127.0.0.1:9092 app@acme.example 203.0.113.42     answers once: allow, deny or defer
"""
import ipaddress, json, os, sys, uuid
from datetime import datetime, timezone
from confluent_kafka import Consumer, KafkaError

TOPIC = os.environ.get('POSTERN_TOPIC', 'postern.relay-policies.v1')
policies = {}  # username in lower case -> its relay policy


def follow(brokers, **settings):
    """Applies all messages from the beginning on; yields each policy, and None whenever all there was has been read."""
    consumer = Consumer({'bootstrap.servers': brokers, 'group.id': f'example-{uuid.uuid4()}', 'enable.auto.commit': False,
                         'auto.offset.reset': 'earliest', 'enable.partition.eof': True, **settings})
    ended, partitions = set(), consumer.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
    consumer.subscribe([TOPIC])
    while True:
        message = consumer.poll(1.0)
        if message and not message.error():
            policy = policies[message.key().decode()] = json.loads(message.value())['data']  # the last of a key wins
            yield policy
        elif message and message.error().code() == KafkaError._PARTITION_EOF:
            ended.add(message.partition())
            if len(ended) == len(partitions):
                yield None
        elif message:
            print(message.error(), file=sys.stderr)  # a broker is away: the client tries again by itself


def decide(username, ip):
    """Four states stay distinct: a user who is not known is deferred, and an expired last entry does not open a user."""
    # A to Z alone: by Unicode's rules the Kelvin sign would become a k.
    policy = policies.get(username.lower()) if username.isascii() else None
    if policy is None or policy['removed']:
        return 'defer'
    if not policy['restricted']:
        return 'allow'
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return 'deny'  # nobody can say what it would match
    address, now = getattr(address, 'ipv4_mapped', None) or address, datetime.now(timezone.utc)
    live = [e for e in policy['entries'] if e['expiresAt'] is None or datetime.fromisoformat(e['expiresAt']) > now]
    matches = any(address in ipaddress.ip_network(e['range']) for e in live)
    return 'allow' if matches or policy['mode'] == 'report-only' else 'deny'


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
