"""SIP clients, softphones and browsers: a registrar, and MESSAGE both ways.

    sockets -> parse -> server -> registrar, report     what clients ask of us
    outbound -> sender -> transactions -> sockets       what we ask of clients

edge/           the transport: one process, one loop, all sockets of an edge
sockets/        UDP, TCP and WebSocket; the only file here that touches the network
server/         guard, password, REGISTER and MESSAGE, answers
sender/         a message to all places of a client, one at a time in its order
registrar.py    bindings: who is where, over which flow, until when
transaction.py  repetitions: of requests, of answers
digest.py       passwords: challenges, nonces, their check
guard.py        what strangers get, and how often
content.py      what a MESSAGE carries: text, IMDN, isComposing, packed or wrapped
status.py       what each answer means for a segment
message.py      messages and their octets
fields.py       addresses, Via, parameters
framing.py      messages in a stream
answers.py      how an answer follows from its request
flow.py         where a message came from, and answers to it go
office.py       what the edge asks the platform: who is who; and tells it: who is where
settings.py     what an edge is told
"""
