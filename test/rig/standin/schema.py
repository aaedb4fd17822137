# What the stand-in manager has for `schema oneshot`: makes tables in the PostgreSQL that alembic.ini names, by the
# server's own protocol, so that it needs no driver. The revision is written last, as alembic does it.
import base64
import configparser
import hashlib
import hmac
import os
import socket
import struct
import sys
import time
from urllib.parse import unquote, urlparse


def message(kind, payload):
    return kind + struct.pack('!I', len(payload) + 4) + payload


class Connection:
    def __init__(self, url):
        self.user, self.password = unquote(url.username), unquote(url.password)
        self.socket = socket.create_connection((url.hostname, url.port), 10)
        start = b'user\0%s\0database\0%s\0\0' % (self.user.encode(), url.path[1:].encode())
        self.socket.sendall(message(b'', struct.pack('!I', 196608) + start))
        self.wait()

    def receive(self, count):
        data = b''
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise SystemExit('the server closed the connection')
            data += piece
        return data

    def wait(self):
        while True:
            kind = self.receive(1)
            payload = self.receive(struct.unpack('!I', self.receive(4))[0] - 4)
            if kind == b'R':
                self.authenticate(payload)
            elif kind == b'E':
                raise SystemExit('error: ' + payload.decode(errors='replace').replace('\0', ' '))
            elif kind == b'Z':
                return

    def authenticate(self, payload):
        method = struct.unpack('!I', payload[:4])[0]
        if method == 5:
            inner = hashlib.md5((self.password + self.user).encode()).hexdigest().encode()
            answer = b'md5' + hashlib.md5(inner + payload[4:8]).hexdigest().encode()
            self.socket.sendall(message(b'p', answer + b'\0'))
        elif method == 3:
            self.socket.sendall(message(b'p', self.password.encode() + b'\0'))
        elif method == 10:
            self.begin_scram()
        elif method == 11:
            self.go_on_with_scram(payload[4:])
        elif method not in (0, 12):
            raise SystemExit('an unknown way of authentication: %d' % method)

    # SCRAM-SHA-256, RFC 5802 and RFC 7677, as the native halfstack's server wants it
    def begin_scram(self):
        self.first = 'n=,r=' + base64.b64encode(os.urandom(18)).decode()
        opening = ('n,,' + self.first).encode()
        mechanism = b'SCRAM-SHA-256\0'
        self.socket.sendall(message(b'p', mechanism + struct.pack('!I', len(opening)) + opening))

    def go_on_with_scram(self, challenge):
        told = dict(part.split('=', 1) for part in challenge.decode().split(','))
        salt, rounds = base64.b64decode(told['s']), int(told['i'])
        salted = hashlib.pbkdf2_hmac('sha256', self.password.encode(), salt, rounds)
        key = hmac.digest(salted, b'Client Key', 'sha256')
        final = 'c=biws,r=' + told['r']
        signed = ','.join([self.first, challenge.decode(), final]).encode()
        signature = hmac.digest(hashlib.sha256(key).digest(), signed, 'sha256')
        proof = bytes(one ^ other for one, other in zip(key, signature))
        answer = '%s,p=%s' % (final, base64.b64encode(proof).decode())
        self.socket.sendall(message(b'p', answer.encode()))

    def run(self, sql):
        self.socket.sendall(message(b'Q', sql.encode() + b'\0'))
        self.wait()


def main():
    if sys.argv[1:] != ['oneshot']:
        raise SystemExit('usage: schema oneshot')
    ini = configparser.ConfigParser()
    ini.read('alembic.ini')
    connection = Connection(urlparse(ini['alembic']['sqlalchemy.url']))
    connection.run('CREATE TABLE domains (name text PRIMARY KEY, hosts text[] NOT NULL)')
    time.sleep(0.1)
    connection.run('CREATE TABLE users (email text PRIMARY KEY, domain text REFERENCES domains (name))')
    connection.run('CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)')
    connection.run("INSERT INTO alembic_version VALUES ('standin1')")
    print('schema made')


main()
