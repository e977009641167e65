"""Ways out of the platform: one package a kind, all behind `base.Transport`.

base.py       the seam: what crosses it, and the contract every transport meets
smpp/         SMPP 3.4 towards a carrier's SMSC
simulator/    the bundled SMSC and callback receiver people try the platform with
loopback.py   accepts and remembers; for tests
"""
