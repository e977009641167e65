"""Ways out of the platform: one package a kind, all behind `base.Transport`.

base.py       the seam: what crosses it, and the contract every transport meets
loop.py       the asyncio loop thread that all links of a process share
guarded.py    a sink that cannot fail that thread
smpp/         SMPP 3.4 towards a carrier's SMSC
sip/          SIP clients: registrar, and MESSAGE both ways
simulator/    the bundled SMSC and callback receiver people try the platform with
"""
